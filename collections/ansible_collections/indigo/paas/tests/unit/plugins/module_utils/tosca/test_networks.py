# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks whose range a template gives: what is asked of a site, and what cannot be."""

from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.brokering import distribute
from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import plan_template

TEMPLATE = """tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  node_templates:
    lan: { type: tosca.nodes.network.Network, properties: { LAN } }
    data: { type: tosca.nodes.network.Network, properties: { DATA } }
    one: { type: tosca.nodes.network.Port, properties: { ONE }, requirements: [ { link: lan }, { binding: box } ] }
    two: { type: tosca.nodes.network.Port, properties: { TWO }, requirements: [ { link: data }, { binding: box } ] }
    box: { type: tosca.nodes.indigo.Compute, capabilities: { scalable: { properties: { count: COUNT } } } }
"""
GIVEN = {
    "LAN": "cidr: 10.7.0.0/24, gateway_ip: 10.7.0.1",
    "DATA": "cidr: 10.8.0.0/24",
    "ONE": "ip_address: 10.7.0.9, order: 1",
    "TWO": "",
    "COUNT": "1",
}


def plan(**given: str):
    text = TEMPLATE
    for name, value in {**GIVEN, **given}.items():
        text = text.replace(name, value)
    return plan_template(text).to_dict()


def test_a_group_has_its_networks_in_the_order_of_its_ports():
    found = plan()
    assert found["groups"][0]["networks"] == [
        {"name": "data", "cidr": "10.8.0.0/24", "gateway": None, "address": None},
        {"name": "lan", "cidr": "10.7.0.0/24", "gateway": "10.7.0.1", "address": "10.7.0.9"},
    ]
    assert found["groups"][0]["network"] == {"public": False, "name": None, "dns_name": None}
    assert found["warnings"] == []


def test_a_network_without_a_range_is_as_before():
    found = plan(LAN="network_name: mine", DATA="network_type: public", ONE="", COUNT="3")
    assert "networks" not in found["groups"][0]
    assert found["groups"][0]["network"] == {"public": True, "name": "mine", "dns_name": None}


def test_a_route_by_a_machine_is_no_gateway():
    found = plan(LAN="cidr: 10.7.0.0/24, gateway_ip: '10.0.0.0/8,box'")
    assert [warning["message"] for warning in found["warnings"]] == [
        "'gateway_ip' of 'lan' is a range and a machine, which has no effect"
    ]
    networks = {each["name"]: each["gateway"] for each in found["groups"][0]["networks"]}
    assert networks["lan"] is None


def test_what_needs_a_range_is_told_without_one():
    found = plan(LAN="gateway_ip: 10.7.0.1", DATA="'cidr': 'fd00::/64', ip_version: 6")
    assert [warning["message"] for warning in found["warnings"]] == [
        "'gateway_ip' of 'lan' has no effect",
        "'cidr' of 'data' has no effect",
        "'ip_version' of 'data' has no effect",
        "'ip_address' of 'one' has no effect",
        "'order' of 'one' has no effect",
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"LAN": "cidr: 10.7.0.0/33"}, "'10.7.0.0/33' is no range of addresses"),
        ({"LAN": "cidr: some"}, "'some' is no range of addresses"),
        ({"LAN": "cidr: 10.7.0.5/24"}, "no range that machines could share.*as 10.7.0.0/24"),
        ({"LAN": "cidr: 10.7.0.8/30"}, "no range that machines could share"),
        ({"DATA": "cidr: 10.7.0.0/16"}, "the ranges of the networks 'data' and 'lan' overlap"),
        ({"LAN": "cidr: 10.7.0.0/24, gateway_ip: 10.9.0.1"}, "'gateway_ip' of 'lan': '10.9.0.1' is no address of a"),
        ({"ONE": "ip_address: 10.7.0.255"}, "'ip_address' of 'one': '10.7.0.255' is no address of a machine"),
        ({"ONE": "ip_address: 10.8.0.9"}, "'10.8.0.9' is no address of a machine in 10.7.0.0/24"),
        ({"ONE": "ip_address: nine"}, "'nine' is no address of a machine"),
        ({"ONE": "ip_address: 10.7.0.1"}, "the address 10.7.0.1 of 'one' is given twice in 'lan'"),
        ({"COUNT": "2"}, "the address of 'one' is for one machine, 'box' is 2"),
    ],
)
def test_what_cannot_be_is_an_error_of_the_plan(given, words):
    with pytest.raises(TemplateError, match=words) as caught:
        plan(**given)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].line


@pytest.mark.parametrize("makes", [True, False])
def test_a_site_that_makes_no_networks_is_told(makes, monkeypatch):
    monkeypatch.setattr(
        "ansible_collections.indigo.paas.plugins.module_utils.brokering.distribution.choose", lambda *_: "here"
    )
    description = {"name": "here", "networks": makes}
    found = distribute(plan(), [description], {"box": {0: None}})
    told = [
        f"Site 'here' makes no networks: the range {cidr} of '{name}', its gateway and addresses have no effect."
        for name, cidr in (("data", "10.8.0.0/24"), ("lan", "10.7.0.0/24"))
    ]
    assert found["warnings"] == ([] if makes else told)
