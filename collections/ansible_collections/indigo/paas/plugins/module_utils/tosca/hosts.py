# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan and its running machines say together: inventory hosts, arguments of roles, outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .functions import UNKNOWN, FunctionError, State, calls, evaluate, follow, is_call
from .plan import Plan
from .report import Location
from .types import ADDRESSES

Data = Mapping[str, Any]


def inventory_hosts(plan: Plan | Data, nodes: Iterable[Data]) -> list[dict[str, Any]]:
    """Return for each node its name, its groups and its variables, in the order of groups and indexes.

    `nodes` are the node dictionaries that a site gives.
    """
    order = {group["group"]: position for position, group in enumerate(_data(plan)["groups"])}
    last = len(order)
    ranked = sorted(nodes, key=lambda node: (order.get(node["group"], last), node["group"], node["index"]))
    return [
        {"name": node["name"], "groups": ["paas_nodes", node["group"]], "vars": _variables(node)} for node in ranked
    ]


def role_arguments(plan: Plan | Data, state: Data, host_name: str, stage: str | None = None) -> dict[str, Any]:
    """Return the role arguments of one host, without those that are still unknown.

    `state` is {"nodes": [node, ...], "facts": {host name: {fact: value}}}; `stage` is the name of a stage,
    None for all.
    """
    data = _data(plan)
    group = next((node["group"] for node in state.get("nodes") or [] if node["name"] == host_name), None)
    names = {found["name"] for found in data["groups"] if found["group"] == group}
    known = _known(data, state)
    found: dict[str, Any] = {}
    for role, components in _chosen_stages(data, stage):
        for component in data["components"]:
            if component["group"] in names and component["name"] in components:
                found.update(_arguments(component, role, known))
    return found


def outputs(plan: Plan | Data, state: Data) -> dict[str, Any]:
    """Return the outputs of the template; what is unknown is None."""
    data = _data(plan)
    known = _known(data, state)
    return {name: _without_calls(_evaluate(output["value"], known)) for name, output in data["outputs"].items()}


def _data(plan: Plan | Data) -> Data:
    return plan.view() if isinstance(plan, Plan) else plan


def _variables(node: Data) -> dict[str, Any]:
    named = {
        "ansible_host": node.get("ansible_host"),
        "ansible_port": node.get("ansible_port"),
        "ansible_user": node.get("ansible_user"),
        "ansible_python_interpreter": node.get("python"),
    }
    return {**{name: value for name, value in named.items() if value is not None}, "paas_node": dict(node)}


def _chosen_stages(data: Data, stage: str | None) -> list[tuple[str, set[str]]]:
    return [(each["role"], set(each["components"])) for each in data["stages"] if stage in (None, each["name"])]


def _arguments(component: Data, role: str, known: State) -> dict[str, Any]:
    found = {}
    for operation in component["operations"]:
        if operation["role"] == role:
            for name, raw in operation["arguments"].items():
                value = _evaluate(raw, known)
                if next(calls(value), None) is None:
                    found[name] = value
    return found


def _evaluate(value: Any, known: State) -> Any:
    """Return the evaluated value; a function that cannot have a value stays as it is."""
    try:
        return evaluate(value, known)
    except FunctionError:
        return value


def _without_calls(value: Any) -> Any:
    if is_call(value):
        return None
    if isinstance(value, Mapping):
        return {key: _without_calls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_calls(item) for item in value]
    return value


def _known(data: Data, state: Data) -> State:
    """Return the handlers for the functions whose values only running machines have."""
    runtime = _Runtime(data, state)
    return {"get_attribute": runtime.attribute, "get_operation_output": runtime.operation_output}


class _Runtime:
    def __init__(self, data: Data, state: Data) -> None:
        self._groups = {group["name"]: group["group"] for group in data["groups"]}
        self._components = {component["name"]: component for component in data["components"]}
        self._facts = state.get("facts") or {}
        self._nodes: dict[str, list[Data]] = {}
        for node in sorted(state.get("nodes") or [], key=lambda node: node["index"]):
            self._nodes.setdefault(node["group"], []).append(node)

    def attribute(self, arguments: list, at: Location) -> Any:
        """Return an attribute of a group of machines or of a component; UNKNOWN while it is not there."""
        name, attribute, *path = arguments
        if attribute == "tosca_name":
            return name
        if name in self._groups:
            value, path = self._of_group(name, attribute, path)
        else:
            value = self._of_component(name, attribute)
        if value is UNKNOWN or value is None:
            return UNKNOWN
        try:
            return follow(value, path, at)
        except FunctionError:
            return UNKNOWN

    def operation_output(self, arguments: list, _at: Location) -> Any:
        """Return the variable that an operation left on the first machine that has it."""
        component = self._components.get(arguments[0])
        return UNKNOWN if component is None else self._fact(component["group"], arguments[3])

    def _of_group(self, name: str, attribute: str, path: list) -> tuple[Any, list]:
        nodes = self._nodes.get(self._groups[name], [])
        if not nodes:
            return UNKNOWN, path
        if attribute in ADDRESSES:
            found = [addresses[0] for addresses in (node.get(attribute) or [] for node in nodes) if addresses]
            return found or UNKNOWN, path
        if attribute == "endpoint" and path and path[0] == "credential":
            users = [{"protocol": "ssh", "user": node.get("ansible_user")} for node in nodes]
            return users, path[1:]
        if attribute == "endpoint" and path and path[0] == "ip_address":
            return nodes[0].get("ansible_host"), path[1:]
        simple = {"tosca_id": nodes[0].get("id"), "state": nodes[0].get("state")}
        return simple.get(attribute, UNKNOWN), path

    def _of_component(self, name: str, attribute: str) -> Any:
        component = self._components.get(name)
        source = component["attributes"].get(attribute) if component is not None else None
        return UNKNOWN if source is None else self._fact(component["group"], source["fact"])

    def _fact(self, group: str, variable: str) -> Any:
        for node in self._nodes.get(self._groups.get(group, ""), []):
            value = (self._facts.get(node["name"]) or {}).get(variable)
            if value is not None:
                return value
        return UNKNOWN
