# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import inventory_hosts, outputs, role_arguments

PlanText = Callable[..., Plan]

POOL = """
inputs: {token: {type: string, default: 'a:b'}}
node_templates:
  front_end: {type: test.Pool, requirements: [{host: fe_server}]}
  fe_server: {type: indigo.Compute}
  worker:
    type: test.Worker
    properties:
      front_end_ip: {get_attribute: [fe_server, private_address, 0]}
      collector: {get_attribute: [front_end, collector]}
    requirements: [{host: wn_server}]
  wn_server: {type: indigo.Compute}
outputs:
  address: {value: {get_attribute: [fe_server, private_address, 0]}}
  public: {value: {get_attribute: [fe_server, public_address, 0]}}
  workers: {value: {get_attribute: [wn_server, private_address]}}
  third: {value: {get_attribute: [wn_server, private_address, 2]}}
  url: {value: {concat: ['http://', {get_attribute: [fe_server, public_address, 0]}]}}
  collector: {value: {concat: ['<', {get_attribute: [front_end, collector]}, '>']}}
  nested: {value: {known: {token: [{get_input: token}, ':', 1]}, unknown: [{get_attribute: [fe_server, networks]}]}}
  user: {value: {get_attribute: [fe_server, endpoint, credential, 0, user]}}
  id: {value: {get_attribute: [fe_server, tosca_id]}}
  name: {value: {get_attribute: [fe_server, tosca_name]}}
  operation: {value: {get_operation_output: [front_end, Standard, configure, pool_version]}}
  broken: {value: {token: [{get_attribute: [fe_server, private_address, 0]}, ':', 5]}}
"""


def node(name: str, group: str, index: int, address: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "group": group,
        "index": index,
        "id": f"id-{name}",
        "state": "running",
        "private_address": [address] if address else [],
        "public_address": [],
        "ansible_host": address,
        "ansible_port": 22,
        "ansible_user": "root",
        "python": "/usr/bin/python3",
        "host_keys": [],
        "problem": None,
    }


NODES = [
    node("wn-server-1", "wn_server", 1, "10.0.0.3"),
    node("wn-server-0", "wn_server", 0, "10.0.0.2"),
    node("fe-server-0", "fe_server", 0, "10.0.0.1"),
]
FACTS = {"fe-server-0": {"front_end": {"0": {"pool_collector": "{{ 1 + 1 }}", "pool_version": "24.0"}}}}


def test_inventory_hosts_in_the_order_of_the_plan(plan_text: PlanText) -> None:
    hosts = inventory_hosts(plan_text(POOL), NODES)
    assert [host["name"] for host in hosts] == ["fe-server-0", "wn-server-0", "wn-server-1"]
    assert hosts[0] == {
        "name": "fe-server-0",
        "groups": ["paas_nodes", "fe_server"],
        "vars": {
            "ansible_host": "10.0.0.1",
            "ansible_port": 22,
            "ansible_user": "root",
            "ansible_python_interpreter": "/usr/bin/python3",
            "paas_node": NODES[2],
        },
    }


def test_hosts_of_a_plan_with_an_external_stage_have_the_variables_of_the_infrastructure_manager() -> None:
    nodes = [{**NODES[1], "public_address": ["192.0.2.1"]}, {**NODES[2], "public_address": []}]
    plan = {"groups": [], "stages": [{"name": "configure", "external": True}]}
    public, private = (host["vars"] for host in inventory_hosts(plan, nodes)[::-1])
    assert {name: value for name, value in public.items() if name.startswith("IM_")} == {
        "IM_NODE_PRIVATE_IP": "10.0.0.2",
        "IM_NODE_PUBLIC_IP": "192.0.2.1",
        "IM_NODE_NET_0_IP": "192.0.2.1",
        "IM_NODE_NET_1_IP": "10.0.0.2",
        "IM_NODE_HOSTNAME": "wn-server-0",
        "IM_NODE_FQDN": "wn-server-0",
        "IM_NODE_NUM": 0,
        "IM_NODE_VMID": "id-wn-server-0",
    }
    assert private["IM_NODE_NET_0_IP"] == "10.0.0.1"
    assert "IM_NODE_PUBLIC_IP" not in private


def test_node_without_address_has_no_empty_variables(plan_text: PlanText) -> None:
    (host,) = inventory_hosts(plan_text(POOL).to_dict(), [{**node("x", "gone", 0, None), "ansible_port": None}])
    assert "ansible_host" not in host["vars"]
    assert "ansible_port" not in host["vars"]


def test_role_arguments_before_and_after_the_first_stage(plan_text: PlanText) -> None:
    plan = plan_text(POOL)
    before = {"nodes": NODES, "facts": {}}
    after = {"nodes": NODES, "facts": FACTS}
    assert role_arguments(plan, before, "fe-server-0") == {"pool_manager": True, "pool_submit": True}
    known = {"pool_execute": True, "pool_address": "10.0.0.1"}
    assert role_arguments(plan, before, "wn-server-1") == known
    assert role_arguments(plan, after, "wn-server-1") == {**known, "pool_collector_address": "{{ 1 + 1 }}"}
    assert role_arguments(plan, after, "wn-server-1", "pool") == {}
    assert role_arguments(plan, after, "wn-server-1", "pool-2").keys() == {*known, "pool_collector_address"}
    assert role_arguments(plan, after, "no-such-host") == {}


def test_same_from_plan_and_from_its_data(plan_text: PlanText) -> None:
    plan = plan_text(POOL)
    data = json.loads(json.dumps(plan.to_dict()))
    state = {"nodes": NODES, "facts": FACTS}
    assert outputs(plan, state) == outputs(data, state)
    assert role_arguments(plan, state, "wn-server-0") == role_arguments(data, state, "wn-server-0")


def test_outputs(plan_text: PlanText) -> None:
    assert outputs(plan_text(POOL), {"nodes": NODES, "facts": FACTS}) == {
        "address": "10.0.0.1",
        "public": None,
        "workers": ["10.0.0.2", "10.0.0.3"],
        "third": None,
        "url": None,
        "collector": "<{{ 1 + 1 }}>",
        "nested": {"known": "b", "unknown": [None]},
        "user": "root",
        "id": "id-fe-server-0",
        "name": "fe_server",
        "operation": "24.0",
        "broken": None,
    }


@pytest.mark.parametrize("state", [{}, {"nodes": [], "facts": {}}, {"nodes": None, "facts": None}])
def test_outputs_before_anything_exists(plan_text: PlanText, state: dict) -> None:
    found = outputs(plan_text(POOL), state)
    assert found.pop("name") == "fe_server"
    assert found.pop("nested") == {"known": "b", "unknown": [None]}
    assert set(found.values()) == {None}


def test_a_fact_that_looks_like_a_function_stays_data(plan_text: PlanText) -> None:
    hostile = {"$function": {"get_attribute": ["fe_server", "private_address", 0]}}
    text = POOL.replace(
        "{concat: ['<', {get_attribute: [front_end, collector]}, '>']}", "{get_attribute: [front_end, collector]}"
    )
    state = {"nodes": NODES, "facts": {"fe-server-0": {"pool_collector": hostile}}}
    assert outputs(plan_text(text), state)["collector"] in (None, hostile)
    assert outputs(plan_text(text), state)["collector"] != "10.0.0.1"
