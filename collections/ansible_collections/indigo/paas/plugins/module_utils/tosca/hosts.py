# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan and its running machines say together: inventory hosts, arguments of roles, outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem
from ansible_collections.indigo.paas.plugins.module_utils.tosca.argument_types import Misfit, fitted
from ansible_collections.indigo.paas.plugins.module_utils.tosca.expected import Checker, DataTypes
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import (
    RESERVED,
    SELF,
    UNKNOWN,
    FunctionError,
    State,
    evaluate,
    follow,
    holds_call,
    is_call,
    is_self,
    is_settled,
    list_index,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.jinja import source
from ansible_collections.indigo.paas.plugins.module_utils.tosca.plan import Plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import ADDRESSES

Data = Mapping[str, Any]


def inventory_hosts(plan: Plan | Data, nodes: Iterable[Data]) -> list[dict[str, Any]]:
    """Return for each node its name, its groups and its variables, in the order of groups and indexes.

    `nodes` are the node dictionaries that a site gives. Where a stage is external, the variables by which the
    Infrastructure Manager describes a node are among them: IM_NODE_PRIVATE_IP and its like.
    """
    external = any(stage.get("external") for stage in _data(plan).get("stages") or ())
    order = {group["group"]: position for position, group in enumerate(_data(plan)["groups"])}
    last = len(order)
    ranked = sorted(nodes, key=lambda node: (order.get(node["group"], last), node["group"], node["index"]))
    return [
        {
            "name": node["name"],
            "groups": ["paas_nodes", node["group"]],
            "vars": {**_variables(node), **(_im_variables(node) if external else {})},
        }
        for node in ranked
    ]


def role_arguments(
    plan: Plan | Data, state: Data, host_name: str, stage: str | None = None, report: Report | None = None
) -> dict[str, Any]:
    """Return the role arguments of one host, without those that are still unknown, or wrong.

    `state` is {"nodes": [node, ...], "facts": {host name: {component: {operation: {fact: value}}}}}, where operation is
    the number of one in the plan, as text. `stage` is the name of a stage; for one that is external, these are the
    variables of its playbook. None is for all roles, without arguments that another role or component would see too.
    Texts of a trusted template that hold Jinja come as `jinja` describes. What is wrong with an argument whose value is
    known now goes to the report.
    """
    data = _data(plan)
    report = Report() if report is None else report
    group = next((node["group"] for node in state.get("nodes") or [] if node["name"] == host_name), None)
    machines = {found["name"] for found in data["groups"] if found["group"] == group}
    evaluator = _Evaluator(data, state, host_name)
    here = {component["name"]: component for component in data["components"] if component["group"] in machines}
    found: dict[str, Any] = {}
    for chosen in data["stages"]:
        for name in chosen["components"] if stage in (None, chosen["name"]) else ():
            if name in here:
                given = evaluator.arguments(here[name], operations_of(here[name], chosen), report)
                names: Iterable[str] = given if stage is not None else private(chosen, data, given)
                found.update({argument: given[argument] for argument in names})
    return found


def peers(plan: Plan | Data, state: Data, stage: str) -> list[dict[str, Any]]:
    """Return all machines of the service that a stage sets up: name, address, group, index and arguments of its role.

    They are in the order of groups and indexes. The role may have other stages: their machines are among them, and each
    machine has the arguments of all. `state` and the arguments are as in `role_arguments`.
    """
    data = _data(plan)
    role = next((each.get("role") for each in data["stages"] if each["name"] == stage), None)
    stages = [each for each in data["stages"] if role is not None and each.get("role") == role]
    order = [group["group"] for group in data["groups"]]
    taking_part = {group for each in stages for group in each["groups"]}
    nodes = [node for node in state.get("nodes") or [] if node["group"] in taking_part]
    found = []
    for node in sorted(nodes, key=lambda node: (order.index(node["group"]), node["index"])):
        arguments: dict[str, Any] = {}
        for each in stages:
            arguments.update(role_arguments(data, state, node["name"], each["name"]))
        address = next(iter(node.get("private_address") or ()), node.get("ansible_host"))
        own = {name: node[name] for name in ("name", "group", "index")}
        found.append({**own, "address": address, "arguments": arguments})
    return found


def private(stage: Data, plan: Data, names: Iterable[str]) -> list[str]:
    """Return those names of a stage's arguments that may be variables of its machines: nothing else reads them.

    They begin with the name of the role, and all that the role does on a machine is this one run of it.
    """
    if stage.get("external"):
        return []
    groups = set(stage["groups"])
    shared = [each for each in plan["stages"] if each.get("role") == stage["role"] and groups & set(each["groups"])]
    alone = stage.get("scope") == stage["role"] or len(shared) == 1
    prefix = stage["role"].rpartition(".")[2] + "_"
    return [name for name in names if alone and name.startswith(prefix)]


def outputs(plan: Plan | Data, state: Data, warnings: list[Problem] | None = None) -> dict[str, Any]:
    """Return the outputs of the template; what is unknown, or wrong, is None. `warnings` is given what is wrong."""
    data = _data(plan)
    evaluator = _Evaluator(data, state)
    found = {}
    for name, output in data["outputs"].items():
        report = Report()
        found[name] = source(_without_calls(evaluator.output(output, report)))
        if warnings is not None:
            what = f"the output '{name}'" if found[name] is None else f"a part of the output '{name}'"
            told = [replace(each, message=f"{what} is null: {each.message}") for each in report.errors]
            warnings += [replace(each, severity="warning") for each in told]
    return found


def _data(plan: Plan | Data) -> Data:
    return plan.view() if isinstance(plan, Plan) else plan


def _variables(node: Data) -> dict[str, Any]:
    named = {
        "ansible_host": node.get("ansible_host"),
        "ansible_port": node.get("ansible_port"),
        "ansible_user": node.get("ansible_user"),
        "ansible_connection": node.get("ansible_connection"),
        "ansible_become": node.get("ansible_become"),
        "ansible_python_interpreter": node.get("python"),
    }
    return {**{name: value for name, value in named.items() if value is not None}, "paas_node": dict(node)}


def _im_variables(node: Data) -> dict[str, Any]:
    """Return what published playbooks count on. Network 1 is the private one; 0 the public one, where there is one."""
    private = next(iter(node.get("private_address") or ()), None)
    public = next(iter(node.get("public_address") or ()), None)
    named = {
        "IM_NODE_PRIVATE_IP": private,
        "IM_NODE_PUBLIC_IP": public,
        "IM_NODE_NET_0_IP": public or private,
        "IM_NODE_NET_1_IP": private,
        "IM_NODE_HOSTNAME": node["name"],
        "IM_NODE_FQDN": node["name"],
        "IM_NODE_NUM": node["index"],
        "IM_NODE_VMID": node.get("id"),
    }
    return {name: value for name, value in named.items() if value is not None}


def operations_of(component: Data, stage: Data) -> list[Data]:
    """Return the operations of a component that run in a stage: one playbook, or what its role implements."""
    if stage.get("external"):
        return [component["operations"][stage["operation"]]]
    parts = (stage.get("operations") or {}).get(component["name"])
    if parts is not None:
        return [component["operations"][index] for index in parts]
    return [operation for operation in component["operations"] if operation.get("role") == stage["role"]]


def operations_named(component: Data, name: Any) -> list[int]:
    """Return the numbers of the operations of a component that have a name, the last one first."""
    return [index for index, each in reversed(list(enumerate(component["operations"]))) if each["operation"] == name]


class _Evaluator:
    """Evaluates values of a plan as one of its machines sees them, and holds them against what is expected of them."""

    def __init__(self, data: Data, state: Data, host_name: str | None = None) -> None:
        self._runtime_functions = _runtime_functions(data, state, host_name)
        self._types = DataTypes(data.get("data_types") or {})

    def arguments(self, component: Data, operations: Iterable[Data], report: Report) -> dict[str, Any]:
        """Return the arguments of some operations of a component, without those that are unknown or wrong."""
        found = {}
        for operation in operations:
            kept = operation.get("checks") or {}
            called = f"'{operation.get('operation')}' of '{component['name']}'"
            for name, raw in operation["arguments"].items():
                value = self._argument(name, raw, kept.get(name) or {}, called, report)
                if value is not UNKNOWN:
                    found[name] = value
        return found

    def output(self, output: Data, report: Report) -> Any:
        """Return the value of an output; a function in it that is unknown or wrong stays as it is."""
        return self._parts(output["value"], Location(*(output.get("at") or ())), report)

    def _argument(self, name: str, raw: Any, kept: Data, called: str, report: Report) -> Any:
        at = Location(*(kept.get("at") or ()))
        known_errors = report.error_count
        try:
            value = self._fitted(raw, kept, report)
            if "option" in kept and value is not None and is_settled(value):
                value = fitted(kept["option"], value)
        except FunctionError as error:
            report.add("function", f"'{name}' of {called}: {error}", _place(error, at), error.hint)
        except Misfit as misfit:
            report.add("wrong-argument", f"{called}: '{name}' {misfit}", at, misfit.hint)
        if report.error_count > known_errors:
            return UNKNOWN
        is_nothing = value is None and raw is not None
        return UNKNOWN if is_nothing or holds_call(value) else value

    def _fitted(self, raw: Any, kept: Data, report: Report) -> Any:
        value = evaluate(raw, self._runtime_functions)
        expected = kept.get("expected")
        if not expected:
            return value
        return Checker(self._types, report).fitted(
            value, expected, lambda part: evaluate(part, self._runtime_functions)
        )

    def _parts(self, value: Any, at: Location, report: Report) -> Any:
        """Return a value with each function in it that can be evaluated."""
        if isinstance(value, Mapping) and not is_call(value):
            return {key: self._parts(item, at, report) for key, item in value.items()}
        if isinstance(value, list):
            return [self._parts(item, at, report) for item in value]
        try:
            return evaluate(value, self._runtime_functions)
        except FunctionError as error:
            report.add("function", str(error), _place(error, at), error.hint)
            return value


def _place(error: FunctionError, at: Location) -> Location:
    """Return where a function stands; the plan, which is data, knows only where the value is."""
    return error.at if error.at.line else at


def _without_calls(value: Any) -> Any:
    if is_call(value):
        return None
    if isinstance(value, Mapping):
        return {key: _without_calls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_calls(item) for item in value]
    return value


def _runtime_functions(data: Data, state: Data, host_name: str | None = None) -> State:
    """Return the handlers for the functions whose values only running machines have, as one of them sees it."""
    runtime = _Runtime(data, state, host_name)
    return {"get_attribute": runtime.attribute, "get_operation_output": runtime.operation_output}


class _Runtime:
    def __init__(self, data: Data, state: Data, host_name: str | None) -> None:
        self._groups = {group["name"]: group["group"] for group in data["groups"]}
        self._components = {component["name"]: component for component in data["components"]}
        self._facts = state.get("facts") or {}
        self._nodes: dict[str, list[Data]] = {}
        for node in sorted(state.get("nodes") or [], key=lambda node: node["index"]):
            self._nodes.setdefault(node["group"], []).append(node)
        self._own = next((node for nodes in self._nodes.values() for node in nodes if node["name"] == host_name), None)
        self._counts = {group["name"]: group["count"] for group in data["groups"]}
        self._assigned = data.get("attributes") or []
        self._at_first: dict[tuple[str, ...], Any] | None = None

    def attribute(self, arguments: list[Any], at: Location) -> Any:
        """Return an attribute of a group of machines or of a component; UNKNOWN while it is not there."""
        name, attribute, *path = arguments
        of_self = is_self(name)
        name = name[SELF] if of_self else name
        if attribute == "tosca_name":
            return name
        value, rest = self._given_by_run(name, attribute, path, of_self)
        if value is UNKNOWN or value is None:
            value, rest = self._given_at_first(name, attribute, path)
        if value is UNKNOWN or value is None:
            return UNKNOWN
        return follow(value, rest, at, f"'{attribute}' of '{name}'")

    def _given_by_run(self, name: str, attribute: str, path: list[Any], of_self: bool) -> tuple[Any, list[Any]]:
        """Return what machines and operations give an attribute, and the rest of the path into it."""
        if name in self._groups:
            nodes = self._nodes.get(self._groups[name], [])
            if of_self and self._own in nodes:
                value, rest = _of_machine(self._own, attribute, path)
            elif not nodes and self._counts[name] == 0:
                value, rest = _of_none(attribute, path)
            else:
                value, rest = _of_machines(nodes, self._counts[name], attribute, path)
            if value is not UNKNOWN:
                return value, rest
        return self._of_component(name, attribute), path

    def _given_at_first(self, name: str, attribute: str, path: list[Any]) -> tuple[Any, list[Any]]:
        """Return the value that an attribute has by default or by assignment, and the rest of the path into it."""
        if self._at_first is None:
            self._at_first = {}
            for each in self._assigned:
                self._at_first[each["node"], *each["path"]] = self._assigned_value(each["value"])
        value: Any = UNKNOWN
        if (name, attribute) in self._at_first:
            value = self._at_first[name, attribute]
        elif path and isinstance(path[0], str):
            value, path = self._at_first.get((name, attribute, path[0]), UNKNOWN), path[1:]
        if isinstance(value, FunctionError):
            raise value
        return value, path

    def _assigned_value(self, raw: Any) -> Any:
        """Return the value of an attribute, UNKNOWN, or why it has none: that counts only where it is read."""
        try:
            value = evaluate(raw, {"get_attribute": self.attribute, "get_operation_output": self.operation_output})
        except FunctionError as error:
            return error
        return UNKNOWN if holds_call(value) else value

    def operation_output(self, arguments: list[Any], _at: Location) -> Any:
        """Return the fact that an operation left on the first machine that has it."""
        component = self._components.get(arguments[0])
        if component is None:
            return UNKNOWN
        told = (self._fact(component, index, arguments[3]) for index in operations_named(component, arguments[2]))
        return next((value for value in told if value is not UNKNOWN), UNKNOWN)

    def _of_component(self, name: str, attribute: str) -> Any:
        component = self._components.get(name)
        source = component["attributes"].get(attribute) if component is not None else None
        if component is None or source is None:
            return UNKNOWN
        return self._fact(component, source["operation"], source["fact"])

    def _fact(self, component: Data, operation: int, fact: Any) -> Any:
        """Return what one operation of a component told on the first machine where it did."""
        for node in self._nodes.get(self._groups.get(component["group"], ""), []):
            told = (self._facts.get(node["name"]) or {}).get(component["name"]) or {}
            value = (told.get(str(operation)) or {}).get(fact)
            if value is not None:
                return UNKNOWN if _is_reserved(value) else value
        return UNKNOWN


def _of_machines(nodes: list[Data], count: int, attribute: str, path: list[Any]) -> tuple[Any, list[Any]]:
    """Return an attribute of a group of machines, which shall be so many, and the rest of the path into it."""
    if not nodes:
        return UNKNOWN, path
    if attribute in ADDRESSES:
        return _addresses([next(iter(node.get(attribute) or ()), UNKNOWN) for node in nodes], count, path)
    if attribute == "endpoint" and path and path[0] == "credential":
        found, rest = [_credential(node) for node in nodes], path[1:]
        return (UNKNOWN, rest) if _is_missing(rest, len(nodes), count) else (found, rest)
    return _simple(nodes[0], attribute, path)


def _addresses(found: list[Any], count: int, path: list[Any]) -> tuple[Any, list[Any]]:
    """Return the address of the machine that an index means; without one, all that there are."""
    index = list_index(path[0]) if path else None
    if index is not None and index < len(found):
        return found[index], path[1:]
    there = [address for address in found if address is not UNKNOWN]
    return (UNKNOWN if _is_missing(path, len(found), count) else there or UNKNOWN), path


def _is_missing(path: list[Any], there: int, count: int) -> bool:
    """Say whether a path means a machine that shall be there, and is not yet."""
    index = list_index(path[0]) if path else None
    return index is not None and there <= index < count


def _of_none(attribute: str, path: list[Any]) -> tuple[Any, list[Any]]:
    """Return what a group of machines that shall have none has: empty lists."""
    if attribute in ADDRESSES:
        return [], path
    return ([], path[1:]) if attribute == "endpoint" and path[:1] == ["credential"] else (UNKNOWN, path)


def _of_machine(node: Data, attribute: str, path: list[Any]) -> tuple[Any, list[Any]]:
    """Return an attribute of one machine: its first address, or with an index each of its addresses."""
    if attribute in ADDRESSES:
        own, rest = node.get(attribute) or [], path or [0]
        index = list_index(rest[0])
        return (UNKNOWN if index is not None and index >= len(own) else own or UNKNOWN), rest
    if attribute == "endpoint" and path and path[0] == "credential":
        return [_credential(node)], path[1:]
    return _simple(node, attribute, path)


def _simple(node: Data, attribute: str, path: list[Any]) -> tuple[Any, list[Any]]:
    if attribute == "endpoint" and path and path[0] == "ip_address":
        return node.get("ansible_host"), path[1:]
    return {"tosca_id": node.get("id"), "state": node.get("state")}.get(attribute, UNKNOWN), path


def _credential(node: Data) -> dict[str, Any]:
    return {"protocol": "ssh", "user": node.get("ansible_user")}


def _is_reserved(value: Any) -> bool:
    """Say whether data of a machine holds a key that would make it more than data."""
    if isinstance(value, Mapping):
        return any(key in value for key in RESERVED) or any(map(_is_reserved, value.values()))
    return isinstance(value, list) and any(map(_is_reserved, value))
