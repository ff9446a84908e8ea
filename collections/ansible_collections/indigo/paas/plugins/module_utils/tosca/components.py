# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Software on machines: which roles run where, with which arguments, after what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .functions import calls, plain
from .graph import dependency_order
from .report import Report
from .stages import Unit, schedule
from .topology import NodeTemplate, OperationCall, Topology
from .types import NETWORK, PORT, STORAGE

# The operations that bring a node up, in TOSCA's order.
LIFECYCLE = ("create", "configure", "start")
_ROLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*){2}\Z", re.ASCII)
_REFERENCES = ("get_attribute", "get_operation_output")


class ComponentMaker:
    """Makes the components and stages of a plan; what is wrong goes to the report."""

    def __init__(self, topology: Topology, report: Report) -> None:
        self._topology = topology
        self._report = report
        self._machines = {name: topology.machine_of(name) for name in topology.nodes}
        self._nodes = [node for node in topology.nodes.values() if self._runs(node)]
        self._operations = {node.name: self._role_operations(node) for node in self._nodes}

    def components(self) -> list[dict[str, Any]]:
        """Return every node that runs on machines, in the order of the template."""
        return [
            {
                "name": node.name,
                "type": node.type.name,
                "group": self._machines[node.name].name,
                "requires": self._requires(node),
                "properties": plain(node.properties),
                "attributes": self._attributes(node),
                "operations": [
                    {"operation": call.name, "role": call.implementation, "arguments": plain(call.arguments)}
                    for call in self._operations[node.name]
                ],
            }
            for node in self._nodes
        ]

    def applications(self) -> list[dict[str, Any]]:
        """Return what is submitted to a service: no machine, not on one, no network and no volume."""
        found = []
        for node in self._topology.nodes.values():
            if node.is_compute or self._machines[node.name] or any(map(node.type.is_a, (NETWORK, PORT, STORAGE))):
                continue
            message = f"nothing here starts '{node.name}' ({node.type.name}) yet"
            self._report.add("not-implemented", message, node.at, "Start it by hand when the deployment is complete.")
            requires = list(dict.fromkeys(requirement.node for requirement in node.requirements))
            found.append(
                {
                    "name": node.name,
                    "type": node.type.name,
                    "requires": requires,
                    "properties": plain(node.properties),
                    "artifacts": plain(node.artifacts),
                }
            )
        return found

    def stages(self, safe_names: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the order in which roles run; `safe_names` maps a Compute to its group's name."""
        self._refuse_conflicts()
        units = self._units()
        if self._refuse_cycles(units):
            return []
        names: dict[str, int] = {}
        return [self._stage(role, keys, safe_names, names) for role, keys in schedule(units)]

    def _stage(
        self, role: str, keys: list[tuple[str, int]], safe_names: Mapping[str, str], names: dict[str, int]
    ) -> dict[str, Any]:
        short = role.rpartition(".")[2]
        names[short] = names.get(short, 0) + 1
        components = list(dict.fromkeys(name for name, _index in keys))
        machines = {self._machines[name].name for name in components}
        return {
            "name": short if names[short] == 1 else f"{short}-{names[short]}",
            "role": role,
            "groups": [safe for name, safe in safe_names.items() if name in machines],
            "components": components,
        }

    def _runs(self, node: NodeTemplate) -> bool:
        return not node.is_compute and self._machines[node.name] is not None

    def _role_operations(self, node: NodeTemplate) -> list[OperationCall]:
        wanted = [call for name in LIFECYCLE for call in node.operations if call.name == name]
        roles = [call for call in wanted if _ROLE.match(call.implementation)]
        for call in wanted:
            if call not in roles:
                called = f"the implementation '{call.implementation[:80]}' of '{node.name}'"
                message = f"{called} is no role and does not run"
                hint = "Name a role as in `implementation: indigo.paas.htcondor`."
                self._report.add("not-implemented", message, call.at, hint)
        if not wanted and node.is_software:
            message = f"nothing implements '{node.name}' ({node.type.name}): it will not be installed"
            self._report.add("not-implemented", message, node.at, "Use a type that has an implementation.")
        return roles

    def _requires(self, node: NodeTemplate) -> list[str]:
        names = [requirement.node for requirement in node.requirements]
        names += [name for call in self._operations[node.name] for name, _attribute in _references(call)]
        return [name for name in dict.fromkeys(names) if name in self._operations and name != node.name]

    def _attributes(self, node: NodeTemplate) -> dict[str, dict[str, str]]:
        return {
            attribute: {"fact": variable}
            for call in self._operations[node.name]
            for variable, attribute in call.outputs.items()
        }

    def _units(self) -> list[Unit]:
        last = self._last_units()
        units = []
        for node in self._nodes:
            needed = {key for requirement in node.requirements for key in last.get(requirement.node, ())}
            for index, call in enumerate(self._operations[node.name]):
                after = needed if index == 0 else {(node.name, index - 1)}
                units.append(Unit((node.name, index), call.implementation, after, self._producers(node, call)))
        return units

    def _last_units(self) -> dict[str, set[tuple[str, int]]]:
        """Return what must have run before a node is done; one without roles stands for what it requires."""
        nodes = self._topology.nodes.values()
        graph = {node.name: [requirement.node for requirement in node.requirements] for node in nodes}
        last: dict[str, set[tuple[str, int]]] = {}
        for name in dependency_order(graph)[0]:
            count = len(self._operations.get(name, ()))
            last[name] = {(name, count - 1)} if count else {key for need in graph[name] for key in last.get(need, ())}
        return last

    def _producers(self, node: NodeTemplate, call: OperationCall) -> set[tuple[str, int]]:
        """Return the units that make the attributes which a call's arguments refer to."""
        found = set()
        for name, attribute in _references(call):
            if name not in self._operations:
                continue
            makers = [i for i, maker in enumerate(self._operations[name]) if attribute in maker.outputs.values()]
            found.update((name, index) for index in makers)
            if not makers and attribute is not None:
                message = f"'{node.name}' waits for the attribute '{attribute}' of '{name}', which nothing sets"
                self._report.add("not-implemented", message, node.at, "The argument that needs it is left out.")
        return found

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
        """Report arguments to which two components of one group of machines give different values."""
        first: dict[tuple[str, str], tuple[str, Any]] = {}
        for node in self._nodes:
            machine = self._machines[node.name].name
            for call in self._operations[node.name]:
                for argument, value in call.arguments.items():
                    other, earlier = first.setdefault((machine, argument), (node.name, value))
                    if not _same(earlier, value):
                        where = f"on '{machine}'"
                        message = f"'{other}' and '{node.name}' give '{argument}' different values {where}"
                        hint = "Give them the same value, or separate machines."
                        self._report.add("conflict", message, node.at, hint)


def _references(call: OperationCall) -> list[tuple[str, str | None]]:
    """Return the nodes and attributes that the arguments of a call need."""
    found = []
    for name, arguments in calls(dict(call.arguments)):
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
