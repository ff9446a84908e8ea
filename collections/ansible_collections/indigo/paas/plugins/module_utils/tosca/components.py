# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Software on machines: which roles and playbooks run where, with which arguments, after what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.applications import is_application
from ansible_collections.indigo.paas.plugins.module_utils.tosca.border import Border
from ansible_collections.indigo.paas.plugins.module_utils.tosca.expected import expected_data
from ansible_collections.indigo.paas.plugins.module_utils.tosca.external import by_file, external, is_role
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import calls, holds_call, plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.graph import dependency_order
from ansible_collections.indigo.paas.plugins.module_utils.tosca.lifecycle import OWN, Step, steps_of
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.stages import Unit, schedule
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import NodeTemplate, OperationCall, Topology

Key = tuple[str, int]
_REFERENCES = ("get_attribute", "get_operation_output")


class ComponentMaker:
    """Makes the components and stages of a plan; what is wrong goes to the report."""

    def __init__(self, topology: Topology, border: Border, report: Report) -> None:
        self._topology = topology
        self._report = report
        self._border = border
        machines = topology.machines().items()
        self._machines = {name: machine for name, machine in machines if machine is not None}
        steps = steps_of(topology, report)
        self._nodes = [node for node in topology.nodes.values() if self._runs(node, steps)]
        self._steps = {node.name: steps.get(node.name, []) for node in self._nodes}
        self._artifacts = by_file(artifact for node in topology.nodes.values() for artifact in node.artifacts.values())
        self._assigned: dict[tuple[str | None, ...], Any] = {
            (each.node, *each.path): each.value for each in topology.assigned
        }
        for name, own in self._steps.items():
            for step in own:
                self._border.check(step.call, name)
        self._read = self._read_outputs()
        self._rank = self._ranks()

    def components(self) -> list[dict[str, Any]]:
        """Return every node that runs on machines, in the order of the template.

        A Compute is among them when an operation runs on it itself, such as one of a relationship to a volume.
        """
        return [
            {
                "name": node.name,
                "type": node.type.name,
                "group": self._machines[node.name].name,
                "requires": self._requires(node),
                "properties": plain(node.properties),
                "attributes": self._attributes(node),
                "operations": [self._operation(step) for step in self._steps[node.name]],
            }
            for node in self._nodes
        ]

    def calls(self) -> Iterator[tuple[str, str, OperationCall]]:
        """Yield each operation that runs, before it the names of its component and of the Compute that has it."""
        for name, own in self._steps.items():
            yield from ((name, self._machines[name].name, step.call) for step in own)

    def stages(self, safe_names: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the order in which roles and playbooks run; `safe_names` maps a Compute to its group's name."""
        self._refuse_conflicts()
        units = self._units()
        if self._refuse_cycles(units):
            return []
        names: dict[str, int] = {}
        return [self._stage(keys, safe_names, names) for _role, keys in schedule(units)]

    def _stage(self, keys: list[Key], safe_names: Mapping[str, str], names: dict[str, int]) -> dict[str, Any]:
        first = self._steps[keys[0][0]][keys[0][1]].call
        on_role = is_role(first.implementation)
        short = first.implementation.rpartition(".")[2] if on_role else first.name
        names[short] = names.get(short, 0) + 1
        components = list(dict.fromkeys(name for name, _index in keys))
        machines = {self._machines[name].name for name in components}
        stage: dict[str, Any] = {
            "name": short if names[short] == 1 else f"{short}-{names[short]}",
            "role": first.implementation if on_role else None,
            "groups": [safe for name, safe in safe_names.items() if name in machines],
            "components": components,
        }
        stage["scope"] = first.implementation if on_role and self._is_one(first.implementation) else stage["name"]
        stage["tells"] = [told for key in keys for told in self._facts_read(key, safe_names)]
        if not on_role:
            return {**stage, "external": True, "operation": keys[0][1]}
        parts = self._parts(first.implementation, keys)
        return {**stage, "operations": parts} if parts else stage

    def _parts(self, role: str, keys: list[Key]) -> dict[str, list[int]]:
        """Return which operations of each component a stage is for; nothing where it is for all that the role does.

        A role that is one for a machine has the arguments of all its operations whenever it runs.
        """
        here: dict[str, list[int]] = {}
        for name, index in keys:
            here.setdefault(name, []).append(index)
        others = [
            (name, index)
            for name in here
            for index, step in enumerate(self._steps[name])
            if step.call.implementation == role and index not in here[name]
        ]
        return here if others and not self._is_one(role) else {}

    def _facts_read(self, key: Key, safe_names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield which facts of one operation the template reads; none when it reads none."""
        name, index = key
        call = self._steps[name][index].call
        facts = {*call.outputs, *self._read.get((name, call.name), ())}
        wanted = sorted(fact for fact in facts if self._border.is_open(call, fact))
        if wanted:
            group = safe_names[self._machines[name].name]
            yield {"component": name, "operation": index, "group": group, "facts": wanted}

    def _read_outputs(self) -> dict[tuple[str, str], set[str]]:
        """Return the facts that get_operation_output names anywhere in the template, by node and operation."""
        found: dict[tuple[str, str], set[str]] = {}
        values = [output.value for output in self._topology.outputs.values()]
        for node in self._topology.nodes.values():
            values += [dict(node.properties), *(dict(step.call.arguments) for step in self._steps.get(node.name, ()))]
        for name, arguments in (call for value in values for call in calls(value)):
            if name == "get_operation_output" and all(isinstance(each, str) for each in arguments[:4]):
                found.setdefault((arguments[0], arguments[2]), set()).add(arguments[3])
        return found

    def _operation(self, step: Step) -> dict[str, Any]:
        """Return one operation of a component: a role or a playbook, and its arguments."""
        call = step.call
        if is_role(call.implementation):
            runs: dict[str, Any] = {"role": call.implementation}
        else:
            runs = {"external": external(call, step.artifacts, self._artifacts)}
        found = {"operation": call.name, **runs, "arguments": plain(self._border.arguments(call))}
        checks = {name: self._checks(call, name) for name, value in call.arguments.items() if holds_call(value)}
        found |= {"checks": checks} if checks else {}
        return found if step.relationship is None else {**found, "relationship": step.relationship}

    def _checks(self, call: OperationCall, name: str) -> dict[str, Any]:
        """Return where an argument is written that is not known yet, and what it must fit when it is."""
        place = call.place_in(self._topology.file, name)
        found = {"at": list(place), "expected": [expected_data(each) for each in call.expected.get(name, ())]}
        option = self._border.shape(call, name)
        return found if option is None else {**found, "option": option}

    def _is_one(self, role: str) -> bool:
        """Say whether one run of a role sets up all of its components on a machine."""
        found = self._border.role(role)
        return found is not None and found.one_per_machine

    def _runs(self, node: NodeTemplate, steps: Mapping[str, list[Step]]) -> bool:
        machine = self._machines.get(node.name)
        if node.is_compute:
            return node.name in steps
        if machine is None or is_application(node, machine):
            return False
        self._warn_of_none(node, steps)
        return True

    def _warn_of_none(self, node: NodeTemplate, steps: Mapping[str, list[Step]]) -> None:
        own = any(call.name in OWN for call in node.operations)
        if node.is_software and node.name not in steps and not own:
            message = ("nothing implements ", f" ({node.type.name}): it will not be installed")
            hint = "Use a type that has an implementation."
            self._report.add_shared("not-implemented", message, f"'{node.name}'", node.at, hint)

    def _requires(self, node: NodeTemplate) -> list[str]:
        names = [requirement.node for requirement in node.requirements]
        names += [name for step in self._steps[node.name] for name, _attribute in self._references(step.call)]
        return [name for name in dict.fromkeys(names) if name in self._steps and name != node.name]

    def _attributes(self, node: NodeTemplate) -> dict[str, dict[str, Any]]:
        return {
            attribute: {"fact": variable, "operation": index}
            for index, step in enumerate(self._steps[node.name])
            for variable, attribute in step.call.outputs.items()
            if step.gives_attributes
        }

    def _units(self) -> list[Unit]:
        last = self._last_units()
        units = []
        for node in self._nodes:
            needed = {key for requirement in node.requirements for key in last.get(requirement.node, ())}
            for index, step in enumerate(self._steps[node.name]):
                after = set(needed) if index == 0 else {(node.name, index - 1)}
                if step.waits_for is not None:
                    after |= last.get(step.waits_for, set())
                producers = self._producers(node, index)
                units.append(Unit((node.name, index), self._shared(node, index, step), after, producers))
        return units

    def _shared(self, node: NodeTemplate, index: int, step: Step) -> str:
        """Return what units must have in common to share a stage: the role; a playbook shares with none.

        Of the components that one machine has of a role, each has a stage of its own, unless the role is one for all.
        """
        implementation = step.call.implementation
        if not is_role(implementation):
            return f"{index} {node.name}"
        return f"{implementation} {0 if self._is_one(implementation) else self._rank[node.name, implementation]}"

    def _ranks(self) -> dict[tuple[str, str], int]:
        """Return how many components of a role come before a node on its machine, by node and role."""
        found: dict[tuple[str, str], int] = {}
        counts: dict[tuple[str, str], int] = {}
        for node in self._nodes:
            machine = self._machines[node.name].name
            for role in dict.fromkeys(step.call.implementation for step in self._steps[node.name]):
                found[node.name, role] = counts.get((machine, role), 0)
                counts[machine, role] = found[node.name, role] + 1
        return found

    def _last_units(self) -> dict[str, set[Key]]:
        """Return what must have run before a node is done; one without steps stands for what it requires."""
        nodes = self._topology.nodes.values()
        graph = {node.name: [requirement.node for requirement in node.requirements] for node in nodes}
        last: dict[str, set[Key]] = {}
        for name in dependency_order(graph)[0]:
            own = [index for index, step in enumerate(self._steps.get(name, ())) if step.waits_for is None]
            last[name] = {(name, own[-1])} if own else {key for need in graph[name] for key in last.get(need, ())}
        return last

    def _producers(self, node: NodeTemplate, index: int) -> set[Key]:
        """Return the units that make the attributes which the arguments of a node's step refer to.

        An attribute of the node itself that has a value already is that value, until a step has changed it.
        """
        found: set[Key] = set()
        for name, attribute in self._references(self._steps[node.name][index].call):
            if name not in self._steps:
                continue
            makers = [i for i, step in enumerate(self._steps[name]) if attribute in step.call.outputs.values()]
            has_value = (name, attribute) in self._assigned
            found.update((name, i) for i in makers if name != node.name or i < index or not has_value)
            is_given = has_value or attribute is None or self._topology.nodes[name].is_compute
            if not makers and not is_given:
                message = f"'{node.name}' waits for the attribute '{attribute}' of '{name}', which nothing sets"
                self._report.add("not-implemented", message, node.at, "The argument that needs it is left out.")
        return found

    def _references(self, call: OperationCall) -> list[tuple[str, str | None]]:
        """Return the nodes and attributes that the arguments of a call need, and those that their values need."""
        found = dict.fromkeys(_references(dict(call.arguments)))
        waiting = list(found)
        while waiting:
            value = self._assigned.get(waiting.pop())
            new = [each for each in _references(value) if each not in found]
            found.update(dict.fromkeys(new))
            waiting += new
        return list(found)

    def _refuse_cycles(self, units: list[Unit]) -> bool:
        graph = {unit.key: [*unit.after, *unit.strictly_after] for unit in units}
        _order, cycles = dependency_order(graph)
        for cycle in cycles:
            names = " -> ".join(name for name, _index in cycle)
            at = self._topology.nodes[cycle[0][0]].at
            hint = "Remove one of the requirements or of the attributes that they wait for."
            self._report.add("cycle", f"components that wait for each other: {names}", at, hint)
        return bool(cycles)

    def _refuse_conflicts(self) -> None:
        """Report arguments that one run of a role is given with different values.

        A run is for one component, and for those of its operations that follow each other; where the role is one for a
        machine, for all of its components there.
        """
        first: dict[tuple[str, str, Any], tuple[str, Any]] = {}
        for node in self._nodes:
            machine = self._machines[node.name].name
            runs = groupby(self._steps[node.name], key=lambda step: step.call.implementation)
            for number, (role, steps) in enumerate(runs):
                whose = machine if self._is_one(role) else f"{node.name} {number}"
                own = [step.call for step in steps] if is_role(role) else []
                for argument, value in (given for call in own for given in call.arguments.items()):
                    other, earlier = first.setdefault((whose, role, argument), (node.name, value))
                    if not _same(earlier, value):
                        where = f"on '{machine}'"
                        message = f"'{other}' and '{node.name}' give '{argument}' different values {where}"
                        hint = "Give them the same value, or separate machines."
                        self._report.add("conflict", message, node.at, hint)


def _references(value: Any) -> list[tuple[str, str | None]]:
    """Return the nodes and attributes that a value needs."""
    found = []
    for name, arguments in calls(value):
        if name in _REFERENCES and isinstance(arguments[0], str):
            found.append((arguments[0], arguments[1] if name == "get_attribute" else None))
    return found


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON does: True is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other if not isinstance(one, (dict, list)) else False
