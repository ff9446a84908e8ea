# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes have a value by default, by assignment, by an expression, and by what runs; the last one counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, Vocabulary, load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import outputs, role_arguments
from ansible_collections.indigo.paas.plugins.module_utils.tosca.roles import Role

HEAD = """
tosca_definitions_version: tosca_simple_yaml_1_3
capability_types:
  lab.Socket:
    derived_from: tosca.capabilities.Endpoint
    attributes: {speed: {type: integer, default: 10}, colour: {type: string}}
node_types:
  lab.Machine:
    derived_from: tosca.nodes.indigo.Compute
    properties: {rack: {type: string, default: r1}}
    attributes:
      port: {type: integer, default: 5432}
      place: {type: string, default: {concat: [{get_property: [SELF, rack]}, '/', {get_attribute: [SELF, port]}]}}
      open: {type: string}
      table: {type: map, default: {a: [1, 2]}}
    capabilities: {socket: {type: lab.Socket}}
  lab.Service:
    derived_from: tosca.nodes.SoftwareComponent
    attributes:
      url: {type: string, default: none yet}
      made: {type: string}
    interfaces:
      Standard:
        configure:
          implementation: lab.own.service
          inputs:
            service_before: {get_attribute: [SELF, url]}
            service_other: {get_attribute: [machine, port]}
          outputs:
            service_url: [SELF, url]
            service_made: [SELF, made]
"""
NODES = [{"name": "machine-0", "group": "machine", "index": 0, "private_address": ["10.0.0.1"], "state": "running"}]

Problems = Callable[..., list[Problem]]


def planned(vocabulary: Vocabulary, body: str) -> Plan:
    return make_plan(load(f"{HEAD}topology_template:\n{body}", vocabulary=vocabulary), find=role)


def role(name: str) -> Role:
    """Return any role of the tests: it takes and tells whatever they use."""
    arguments: dict[str, Any] = {name: {} for name in ("service_before", "service_other", "reader_url", "reader_x")}
    return Role(name, Path("none"), arguments, outputs=frozenset(["service_url", "service_made", "opener_state"]))


def machine(value: str, attributes: str = "{}", capabilities: str = "{}") -> str:
    return f"""
  node_templates:
    machine: {{type: lab.Machine, attributes: {attributes}, capabilities: {capabilities}}}
  outputs: {{x: {{value: {value}}}}}
"""


@pytest.mark.parametrize(
    ("attributes", "capabilities", "path", "value"),
    [
        ("{}", "{}", "port", 5432),
        ("{port: 6000}", "{}", "port", 6000),
        ("{port: {value: 6000, description: mine}}", "{}", "port", 6000),
        (
            "{port: {value: {get_property: [machine, host, num_cpus]}}}",
            "{host: {properties: {num_cpus: 4}}}",
            "port",
            4,
        ),
        ("{}", "{}", "place", "r1/5432"),
        ("{port: 7}", "{}", "place", "r1/7"),
        ("{place: here}", "{}", "place", "here"),
        ("{}", "{}", "table, a, 1", 2),
        ("{table: {value: 1}}", "{}", "table, value", 1),
        ("{}", "{}", "open", None),
        ("{open: wide}", "{}", "open", "wide"),
        ("{own: 3}", "{}", "own", 3),
        ("{open: {get_attribute: [SELF, private_address, 0]}}", "{}", "open", "10.0.0.1"),
        ("{open: {get_attribute: [SELF, state]}}", "{}", "open", "running"),
        ("{}", "{}", "socket, speed", 10),
        ("{}", "{socket: {attributes: {speed: 20}}}", "socket, speed", 20),
        ("{}", "{socket: {attributes: {colour: {get_attribute: [SELF, socket, speed]}}}}", "socket, colour", "10"),
        ("{private_address: [10.9.9.9]}", "{}", "private_address, 0", "10.0.0.1"),
        ("{state: planned}", "{}", "state", "running"),
        ("{rack: r2}", "{}", "rack", "r2"),
    ],
)
def test_an_output_has_the_last_value(
    vocabulary: Vocabulary, attributes: str, capabilities: str, path: str, value: Any
) -> None:
    text = machine(f"{{get_attribute: [machine, {path}]}}", attributes, capabilities)
    plan = json.loads(json.dumps(planned(vocabulary, text).to_dict()))
    assert outputs(plan, {"nodes": NODES})["x"] == value


@pytest.mark.parametrize(
    ("attributes", "path", "value"),
    [
        ("{private_address: [10.9.9.9]}", "private_address, 0", "10.9.9.9"),
        ("{state: planned}", "state", "planned"),
        ("{tosca_id: {concat: [a, {get_attribute: [SELF, state]}]}, state: b}", "tosca_id", "ab"),
    ],
)
def test_before_the_machines_are_there_an_attribute_has_its_first_value(
    vocabulary: Vocabulary, attributes: str, path: str, value: Any
) -> None:
    plan = planned(vocabulary, machine(f"{{get_attribute: [machine, {path}]}}", attributes))
    assert outputs(plan, {"nodes": []})["x"] == value


SERVICE = """
  node_templates:
    machine: {type: lab.Machine}
    service: {type: lab.Service, requirements: [{host: machine}], attributes: {ATTRIBUTES}}
    reader:
      type: tosca.nodes.SoftwareComponent
      requirements: [{host: machine}]
      interfaces:
        Standard: {configure: {implementation: lab.own.reader, inputs: {reader_url: {get_attribute: [service, url]}}}}
  outputs: {x: {value: {get_attribute: [service, url]}}, y: {value: {get_attribute: [service, made]}}}
"""


@pytest.mark.parametrize(("attributes", "first"), [("", "none yet"), ("url: soon", "soon")])
def test_what_runs_has_the_last_word(vocabulary: Vocabulary, attributes: str, first: str) -> None:
    plan = planned(vocabulary, SERVICE.replace("ATTRIBUTES", attributes))
    service, reader = (stage["name"] for stage in plan.stages)
    before = {"nodes": NODES, "facts": {}}
    assert role_arguments(plan, before, "machine-0", service) == {"service_before": first, "service_other": 5432}
    assert outputs(plan, before) == {"x": first, "y": None}
    assert role_arguments(plan, before, "machine-0", reader) == {"reader_url": first}
    after = {"nodes": NODES, "facts": {"machine-0": {"service": {"0": {"service_url": "now", "service_made": "it"}}}}}
    assert role_arguments(plan, after, "machine-0", service) == {"service_before": "now", "service_other": 5432}
    assert role_arguments(plan, after, "machine-0", reader) == {"reader_url": "now"}
    assert outputs(plan, after) == {"x": "now", "y": "it"}


def test_a_value_of_what_runs_may_be_made_of_another(vocabulary: Vocabulary) -> None:
    more = "other: {get_attribute: [machine, private_address, 0]}, url: {get_attribute: [SELF, other]}"
    plan = planned(vocabulary, SERVICE.replace("ATTRIBUTES", more))
    assert outputs(plan, {"nodes": NODES, "facts": {}})["x"] == "10.0.0.1"
    assert outputs(plan, {"nodes": [], "facts": {}})["x"] is None


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ("{port: many}", "attribute 'port' of 'machine': 'many' is not a whole number"),
        ("{prot: 1}", "'machine' has no attribute 'prot'"),
        ("{open: {get_attribute: [SELF, open]}}", "attributes that refer to each other: machine.open -> machine.open"),
        (
            "{state: {get_attribute: [SELF, tosca_id]}, tosca_id: {get_attribute: [SELF, state]}}",
            "attributes that refer to each other: machine.tosca_id -> machine.state -> machine.tosca_id",
        ),
        ("{open: {get_property: [SELF, rach]}}", "get_property: 'SELF' (the node 'machine') has no property 'rach'"),
        ("[]", "the attributes of 'machine' must be a mapping of names to values"),
    ],
)
def test_what_is_wrong_with_an_attribute_is_told_with_its_place(
    problems: Problems, attributes: str, message: str
) -> None:
    (found,) = problems(f"{HEAD}topology_template:\n{machine('1', attributes)}")
    assert found.message == message
    assert found.line


def test_a_long_chain_of_first_values_is_followed(vocabulary: Vocabulary) -> None:
    many = "\n".join(
        f"    m{n}: {{type: tosca.nodes.indigo.Compute, attributes: {{state: {{get_attribute: [m{n + 1}, state]}}}}}}"
        for n in range(1500)
    )
    last = "    m1500: {type: tosca.nodes.indigo.Compute, attributes: {state: end}}"
    text = f"  node_templates:\n{many}\n{last}\n  outputs: {{x: {{value: {{get_attribute: [m0, state]}}}}}}\n"
    assert outputs(planned(vocabulary, text), {"nodes": []})["x"] == "end"


@pytest.mark.parametrize("count", [0, 1])
def test_a_group_of_no_machines_has_empty_lists(plan_text: Callable[..., Plan], count: int) -> None:
    plan = plan_text(
        f"""
        node_templates:
          server: {{type: tosca.nodes.indigo.Compute, capabilities: {{scalable: {{properties: {{count: {count}}}}}}}}}
        outputs:
          all: {{value: {{get_attribute: [server, private_address]}}}}
          public: {{value: {{get_attribute: [server, public_address]}}}}
          users: {{value: {{get_attribute: [server, endpoint, credential]}}}}
          line: {{value: {{join: [{{get_attribute: [server, private_address]}}, ',']}}}}
          first: {{value: {{get_attribute: [server, private_address, 0]}}}}
        """
    )
    lists = {"all": [], "public": [], "users": [], "line": ""} if count == 0 else {}
    assert outputs(plan, {"nodes": []}) == {
        **dict.fromkeys(("all", "public", "users", "line", "first")),
        **lists,
    }


def test_an_attribute_that_a_step_reads_and_sets_itself_is_its_first_value(vocabulary: Vocabulary) -> None:
    plan = planned(vocabulary, SERVICE.replace("ATTRIBUTES", ""))
    assert [stage["components"] for stage in plan.stages] == [["service"], ["reader"]]


def test_what_a_value_is_made_of_is_waited_for(vocabulary: Vocabulary) -> None:
    more = """
    second: {type: lab.Service, requirements: [{host: other}]}
    other: {type: lab.Machine}
"""
    text = SERVICE.replace("ATTRIBUTES", "url: {get_attribute: [second, made]}")
    plan = planned(vocabulary, text.replace("  outputs:", f"{more}  outputs:"))
    order = [name for stage in plan.stages for name in stage["components"]]
    assert order.index("second") < order.index("reader")


def test_what_an_operation_of_a_machine_sets_is_read(vocabulary: Vocabulary) -> None:
    plan = planned(
        vocabulary,
        """
  node_templates:
    machine:
      type: lab.Machine
      attributes: {open: not yet}
      interfaces: {Standard: {configure: {implementation: lab.own.opener, outputs: {opener_state: [SELF, open]}}}}
    reader:
      type: tosca.nodes.SoftwareComponent
      requirements: [{host: machine}]
      interfaces:
        Standard: {configure: {implementation: lab.own.reader, inputs: {reader_x: {get_attribute: [machine, open]}}}}
  outputs: {x: {value: {get_attribute: [machine, open]}}}
""",
    )
    assert [stage["name"] for stage in plan.stages] == ["opener", "reader"]
    assert outputs(plan, {"nodes": NODES, "facts": {}}) == {"x": "not yet"}
    assert outputs(plan, {"nodes": NODES, "facts": {"machine-0": {"machine": {"0": {"opener_state": "wide"}}}}}) == {
        "x": "wide"
    }
