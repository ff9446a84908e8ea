# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions that become known stage by stage have the values that an evaluator gives which knows all from the start.

The reference below is written from the standard, over the template as written; it shares no code with the project.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.tosca import Vocabulary, load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import outputs, role_arguments
from ansible_collections.indigo.paas.plugins.module_utils.tosca.roles import Role

TEXTS = st.text("abc.:- {}é", max_size=5)
INPUTS = {"word": "given", "parts": {"list": ["zero", "one"]}}


WIRE = {
    "derived_from": "tosca.relationships.HostedOn",
    "properties": {
        "mode": {"type": "string", "default": {"join": [["by", {"get_property": ["SOURCE", "value"]}], " "]}}
    },
}


def service_type(name: str) -> dict[str, Any]:
    """A type with a role of its own, so that no two services share arguments."""
    inputs = {f"{name}_{key}": {"get_property": ["SELF", key]} for key in ("value", "own")}
    return {
        "derived_from": "tosca.nodes.SoftwareComponent",
        "properties": {key: {"type": "string", "required": False} for key in ("value", "own")},
        "attributes": {
            "made": {"type": "string"},
            "first": {"type": "string", "default": {"concat": ["by default ", {"get_property": ["SELF", "value"]}]}},
        },
        "interfaces": {
            "Standard": {
                "configure": {
                    "implementation": f"ref.own.{name}",
                    "inputs": inputs,
                    "outputs": {f"{name}_made": ["SELF", "made"]},
                }
            }
        },
    }


def role(name: str) -> Role:
    """Return the role of one service."""
    service = name.rpartition(".")[2]
    arguments: dict[str, Any] = {f"{service}_{key}": {} for key in ("value", "own")}
    return Role(name, Path("none"), arguments, outputs=frozenset([f"{service}_made"]))


@st.composite
def expressions(draw: st.DrawFn, counts: dict[str, int], before: list[str], depth: int = 2) -> Any:
    """A text, known at any time: of inputs, addresses, and the properties and attributes of the services before."""
    kinds = ["text", "input", "part", "address", "hosts"]
    kinds += ["property", "made", "made", "first", "wire"] if before else []
    kinds += ["concat", "token", "join"] if depth else []
    kind = draw(st.sampled_from(kinds))
    deeper = expressions(counts, before, depth - 1)
    if kind == "text":
        return draw(TEXTS)
    if kind == "input":
        return {"get_input": "word"}
    if kind == "part":
        return {"get_input": ["parts", "list", draw(st.integers(0, 1))]}
    if kind == "address":
        machine = draw(st.sampled_from(sorted(counts)))
        return {"get_attribute": [machine, "private_address", draw(st.integers(0, counts[machine] - 1))]}
    if kind == "hosts":
        return {"get_attribute": ["HOST", "private_address", 0]}
    if kind == "property":
        return {"get_property": [draw(st.sampled_from(before)), "value"]}
    if kind == "first":
        return {"get_attribute": [draw(st.sampled_from(before)), "first"]}
    if kind == "wire":
        return {
            draw(st.sampled_from(["get_property", "get_attribute"])): [f"wire {draw(st.sampled_from(before))}", "mode"]
        }
    if kind == "concat":
        return {"concat": draw(st.lists(deeper, max_size=3))}
    if kind == "join":
        return {"join": [draw(st.lists(deeper, max_size=3)), draw(TEXTS)]}
    if kind == "token":
        return {"token": [{"concat": [draw(deeper), "|", draw(deeper)]}, "|", draw(st.integers(0, 1))]}
    return {"get_attribute": [draw(st.sampled_from(before)), "made"]}


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    """Machines, and services on them that refer to those before them, written in any order."""
    counts = {f"m{n}": draw(st.integers(1, 2)) for n in range(draw(st.integers(1, 3)))}
    names = [f"s{n}" for n in range(draw(st.integers(1, 5)))]
    nodes: dict[str, Any] = {
        name: {
            "type": "tosca.nodes.indigo.Compute",
            "capabilities": {"scalable": {"properties": {"count": count}}},
        }
        for name, count in counts.items()
    }
    wires: dict[str, Any] = {}
    for index, name in enumerate(names):
        wires[f"wire {name}"] = {
            "type": "ref.Wire",
            "properties": draw(st.sampled_from([{}, {"mode": {"get_property": ["SOURCE", "value"]}}])),
        }
        nodes[name] = {
            "type": f"ref.{name}",
            "attributes": draw(st.sampled_from([{}, {"first": draw(expressions(counts, names[:index], 1))}])),
            "requirements": [{"host": {"node": draw(st.sampled_from(sorted(counts))), "relationship": f"wire {name}"}}],
            "properties": {
                "value": draw(expressions(counts, names[:index])),
                "own": {"concat": ["at ", {"get_attribute": ["HOST", "private_address"]}]},
            },
        }
    order = draw(st.permutations(sorted(nodes)))
    return {
        "tosca_definitions_version": "tosca_simple_yaml_1_3",
        "node_types": {f"ref.{name}": service_type(name) for name in names},
        "relationship_types": {"ref.Wire": WIRE},
        "topology_template": {
            "inputs": {"word": {"type": "string"}, "parts": {"type": "map"}},
            "node_templates": {name: nodes[name] for name in order},
            "relationship_templates": wires,
            "outputs": {name: {"value": [{"get_attribute": [name, "made"]}, {"get_input": "word"}]} for name in names},
        },
    }


class Reference:
    """Evaluates functions with all addresses and all attributes known, as one machine sees them."""

    def __init__(self, template: dict[str, Any], addresses: dict[str, list[str]]) -> None:
        self.nodes = template["topology_template"]["node_templates"]
        self.wires = template["topology_template"]["relationship_templates"]
        self.addresses = addresses

    def value(self, raw: Any, node: str, machine: tuple[str, int]) -> Any:
        """Return what a raw value of a node template is on a machine: the name of its group and its index."""
        if isinstance(raw, list):
            return [self.value(item, node, machine) for item in raw]
        if not isinstance(raw, dict):
            return raw
        ((function, arguments),) = raw.items()
        return getattr(self, f"_{function}")(arguments, node, machine)

    def host(self, node: str) -> str:
        return self.nodes[node]["requirements"][0]["host"]["node"]

    def _get_input(self, arguments: Any, _node: str, _machine: Any) -> Any:
        name, *path = arguments if isinstance(arguments, list) else [arguments]
        found: Any = INPUTS[name]
        for step in path:
            found = found[step]
        return found

    def _get_property(self, arguments: list, node: str, machine: tuple[str, int]) -> Any:
        if arguments[0].startswith("wire "):
            return self._mode(arguments[0].removeprefix("wire "), machine)
        owner = node if arguments[0] == "SELF" else arguments[0]
        return self.value(self.nodes[owner]["properties"][arguments[1]], owner, machine)

    def _mode(self, source: str, machine: tuple[str, int]) -> str:
        """Return the one property of the relationship between a service and its host."""
        value = self.value(self.nodes[source]["properties"]["value"], source, machine)
        return value if self.wires[f"wire {source}"]["properties"] else f"by {value}"

    def _get_attribute(self, arguments: list, node: str, machine: tuple[str, int]) -> Any:
        name, attribute, *path = arguments
        if attribute == "mode":
            return self._mode(name.removeprefix("wire "), machine)
        if attribute == "first":
            default = {"concat": ["by default ", {"get_property": ["SELF", "value"]}]}
            return self.value(self.nodes[name]["attributes"].get("first", default), name, machine)
        if attribute == "made":
            return made(name, (self.host(name), 0))
        if name != "HOST":
            return self.addresses[name][path[0]]
        group = self.host(node)
        return self.addresses[group][machine[1] if machine[0] == group else 0]

    def _concat(self, arguments: list, node: str, machine: tuple[str, int]) -> str:
        return "".join(self.value(item, node, machine) for item in arguments)

    def _join(self, arguments: list, node: str, machine: tuple[str, int]) -> str:
        items, between = arguments
        return between.join(self.value(item, node, machine) for item in items)

    def _token(self, arguments: list, node: str, machine: tuple[str, int]) -> str:
        text, separator, index = arguments
        return self.value(text, node, machine).split(separator)[index]


def made(service: str, machine: tuple[str, int]) -> str:
    """Return what the role of a service says that it made on a machine."""
    return f"{service} on {machine[0]} {machine[1]}"


@given(templates())
def test_each_stage_sees_what_the_reference_sees(vocabulary: Vocabulary, template: dict) -> None:
    written = yaml.safe_dump(template, sort_keys=False, allow_unicode=True).encode()
    plan = json.loads(json.dumps(make_plan(load(written, INPUTS, vocabulary=vocabulary), find=role).to_dict()))
    machines = [(group, index) for group in plan["groups"] for index in range(group["count"])]
    nodes = [
        {"name": f"{group['name']}-{index}", "group": group["group"], "index": index}
        | {"private_address": [f"10.0.0.{number}"], "public_address": []}
        for number, (group, index) in enumerate(machines)
    ]
    addresses: dict[str, list[str]] = {}
    for (group, _index), node in zip(machines, nodes, strict=True):
        addresses.setdefault(group["name"], []).extend(node["private_address"])
    reference = Reference(template, addresses)
    state: dict[str, Any] = {"nodes": nodes, "facts": {node["name"]: {} for node in nodes}}
    seen = []
    for stage in plan["stages"]:
        before = copy.deepcopy(state)
        for (group, index), node in zip(machines, nodes, strict=True):
            here = [name for name in stage["components"] if reference.host(name) == group["name"]]
            wanted = {
                f"{name}_{key}": reference.value(raw, name, (group["name"], index))
                for name in here
                for key, raw in reference.nodes[name]["properties"].items()
            }
            assert role_arguments(plan, before, node["name"], stage["name"]) == wanted
            told = {name: {"0": {f"{name}_made": made(name, (group["name"], index))}} for name in here}
            state["facts"][node["name"]].update(told)
        seen += stage["components"]
    assert sorted(seen) == sorted(name for name in reference.nodes if name.startswith("s"))
    assert outputs(plan, state) == {name: [made(name, (reference.host(name), 0)), "given"] for name in seen}
