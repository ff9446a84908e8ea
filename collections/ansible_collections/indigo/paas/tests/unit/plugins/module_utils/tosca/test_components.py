# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Components have the same arguments and attributes on one machine as on machines of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.tosca import load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import outputs, peers, role_arguments
from ansible_collections.indigo.paas.plugins.module_utils.tosca.roles import Role

ROLES = ("ref.own.a", "ref.own.b", "play.yml")


def role(name: str) -> Role:
    """Return a role that has no prefix before its arguments, so that two roles would meet in them."""
    return Role(name, Path("none"), {"text": {}, "other": {}}, outputs=frozenset(["made"]))


def service_type(implementation: str) -> dict[str, Any]:
    return {
        "derived_from": "tosca.nodes.SoftwareComponent",
        "attributes": {"made": {"type": "string"}},
        "interfaces": {
            "Standard": {"configure": {"implementation": implementation, "outputs": {"made": ["SELF", "made"]}}}
        },
    }


@st.composite
def services(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Services, each with a role, some arguments, of which some come from one before, and perhaps a requirement."""
    found: list[dict[str, Any]] = []
    for index in range(draw(st.integers(2, 5))):
        before = [f"s{number}" for number in range(index)]
        values = st.one_of(
            st.text("ab{ ", max_size=3),
            *([st.builds(lambda name: {"get_attribute": [name, "made"]}, st.sampled_from(before))] if before else []),
        )
        names = draw(st.sets(st.sampled_from(["text", "other"])))
        found.append(
            {
                "type": draw(st.sampled_from(ROLES)),
                "inputs": {name: draw(values) for name in sorted(names)},
                "needs": draw(st.sets(st.sampled_from(before))) if before else set(),
            }
        )
    return found


def template(found: list[dict[str, Any]], machines: list[str]) -> bytes:
    nodes: dict[str, Any] = {name: {"type": "tosca.nodes.indigo.Compute"} for name in dict.fromkeys(machines)}
    for index, (each, machine) in enumerate(zip(found, machines, strict=True)):
        # Each input is declared by the operation, so the node template writes it whole.
        operation = {
            "implementation": each["type"],
            "inputs": each["inputs"],
            "outputs": {"made": ["SELF", "made"]},
        }
        nodes[f"s{index}"] = {
            "type": f"lab.{ROLES.index(each['type'])}",
            "requirements": [{"host": machine}, *({"dependency": need} for need in sorted(each["needs"]))],
            "interfaces": {"Standard": {"configure": operation}},
        }
    made = {
        "tosca_definitions_version": "tosca_simple_yaml_1_3",
        "node_types": {f"lab.{number}": service_type(name) for number, name in enumerate(ROLES)},
        "topology_template": {
            "node_templates": nodes,
            "outputs": {f"s{n}": {"value": {"get_attribute": [f"s{n}", "made"]}} for n in range(len(found))},
        },
    }
    return json.dumps(made).encode() + b"\n"


def result(found: list[dict[str, Any]], machines: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments that each service got, and the outputs, when each tells its arguments and its name."""
    plan = json.loads(json.dumps(make_plan(load(template(found, machines)), find=role).to_dict()))
    nodes = [
        {"name": group["name"], "group": group["group"], "index": 0, "private_address": ["10.0.0.1"]}
        for group in plan["groups"]
    ]
    state: dict[str, Any] = {"nodes": nodes, "facts": {node["name"]: {} for node in nodes}}
    seen: dict[str, Any] = {}
    for stage in plan["stages"]:
        here = {machines[int(name[1:])]: name for name in stage["components"]}
        assert len(here) == len(stage["components"])
        arguments = {machine: role_arguments(plan, state, machine, stage["name"]) for machine in here}
        for machine, name in here.items():
            seen[name] = arguments[machine]
            state["facts"][machine][name] = {"0": {"made": f"{name} {sorted(arguments[machine].items())}"}}
    return seen, outputs(plan, state)


@given(services())
def test_on_one_machine_as_on_machines_of_their_own(found: list[dict[str, Any]]) -> None:
    own = [f"m{number}" for number in range(len(found))]
    apart = result(found, own)
    assert apart[0].keys() == {f"s{number}" for number in range(len(found))}
    assert all(value is not None for value in apart[1].values())
    assert result(found, ["m0"] * len(found)) == apart
    assert result(found, [own[number % 2] for number in range(len(found))]) == apart


SEVERAL_ROLES = """
tosca_definitions_version: tosca_simple_yaml_1_3
node_types:
  lab.Part:
    derived_from: tosca.nodes.SoftwareComponent
    interfaces:
      Standard:
        create: { implementation: ref.own.a, inputs: { text: made } }
        configure: { implementation: ref.own.b, inputs: { text: set } }
        start: { implementation: ref.own.a, inputs: { other: begun } }
topology_template:
  node_templates:
    m: { type: tosca.nodes.indigo.Compute }
    n: { type: tosca.nodes.indigo.Compute }
    one: { type: lab.Part, requirements: [ { host: m } ] }
    two: { type: lab.Part, requirements: [ { host: n } MORE ] }
"""


def stages_of(template: str) -> list[tuple[str, list[str], list[dict[str, Any]]]]:
    """Return the role, the components and the arguments on the first machine of each stage."""
    plan = make_plan(load(template.encode()), find=role)
    state = {"nodes": [{"name": "m-0", "group": "m", "index": 0}], "facts": {}}
    return [
        (stage["role"], stage["components"], [role_arguments(plan, state, "m-0", stage["name"])])
        for stage in plan.stages
    ]


def test_the_roles_of_one_type_run_each_at_its_operation_on_all_nodes_before_the_next() -> None:
    assert stages_of(SEVERAL_ROLES.replace("MORE", "")) == [
        ("ref.own.a", ["one", "two"], [{"text": "made"}]),
        ("ref.own.b", ["one", "two"], [{"text": "set"}]),
        ("ref.own.a", ["one", "two"], [{"other": "begun"}]),
    ]


def test_a_role_may_be_given_another_value_at_another_operation() -> None:
    found = stages_of(SEVERAL_ROLES.replace("MORE", "").replace("other: begun", "text: begun"))
    assert [arguments for _role, _components, (arguments,) in found] == [
        {"text": "made"},
        {"text": "set"},
        {"text": "begun"},
    ]


def test_peers_are_all_machines_of_a_role_with_the_arguments_of_all_its_stages() -> None:
    plan = make_plan(load(SEVERAL_ROLES.replace("MORE", ", { dependency: one }").encode()), find=role)
    nodes = [
        {"name": "n-1", "group": "n", "index": 1, "private_address": ["10.0.0.3"]},
        {"name": "n-0", "group": "n", "index": 0, "private_address": [], "ansible_host": "n.example.org"},
        {"name": "m-0", "group": "m", "index": 0, "private_address": ["10.0.0.1", "10.1.0.1"]},
    ]
    arguments = {"text": "made", "other": "begun"}
    wanted = [("m", 0, "10.0.0.1"), ("n", 0, "n.example.org"), ("n", 1, "10.0.0.3")]
    names = [stage["name"] for stage in plan.stages if stage["role"] == "ref.own.a"]
    assert len(names) > 2
    for name in names:
        assert peers(plan, {"nodes": nodes, "facts": {}}, name) == [
            {"name": f"{group}-{index}", "group": group, "index": index, "address": address, "arguments": arguments}
            for group, index, address in wanted
        ]
    assert peers(plan, {"nodes": nodes, "facts": {}}, "none") == []


def test_a_requirement_between_components_lets_the_one_be_done_before_the_other_begins() -> None:
    template = SEVERAL_ROLES.replace("MORE", ", { dependency: one }")
    found = [components for _role, components, _place in stages_of(template)]
    assert found[:2] == [["one"], ["one"]]
    assert found[-1] == ["two"]
