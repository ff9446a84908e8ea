# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of a deployment at an engine."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine import networks
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.library import APIError
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.labels import DEPLOYMENT, GROUP, HOSTNAME, NETWORK
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, OwnNetwork


class Engine:
    """An engine's networks; one with a range that overlaps another is refused, as the real one does."""

    def __init__(self) -> None:
        self.there: list[dict] = []

    def networks(self, filters=None):
        label = filters["label"][0].partition("=")[2] if filters else None
        return [each for each in self.there if label in (None, each["Labels"].get(DEPLOYMENT))]

    def create_network(self, name, ipam=None, labels=None, **_options):
        pools = ipam["Config"] if ipam else []
        for pool in pools:
            if networks.misfits([group("x", pool["Subnet"])], self.there, "nobody"):
                raise APIError("refused", explanation="Pool overlaps with other one on this address space")
        self.there.append({"Name": name, "Labels": labels, "Created": len(self.there), "IPAM": {"Config": pools}})


def group(name, cidr, gateway=None, address=None):
    return NodeGroup(name, name, name, networks=(OwnNetwork("lan", cidr, gateway, address),))


def of(engine, deployment="one"):
    return networks.Networks(engine, "local", deployment)


def test_networks_are_made_once_and_found_by_their_labels():
    engine = Engine()
    groups = [group("box", "10.7.0.0/24", address="10.7.0.1")]
    assert of(engine).shared() == "indigo-paas-one"
    (name,) = of(engine).ensure(groups).values()
    assert of(engine).ensure(groups) == {"lan": name}
    assert of(engine).shared() == "indigo-paas-one"
    assert [each["Labels"].get(NETWORK) for each in of(engine).existing()] == [None, "lan"]
    assert engine.there[1]["IPAM"]["Config"][0]["Gateway"] == "10.7.0.2"
    assert of(engine, "other").existing() == []


def test_a_range_that_is_taken_is_said_before_and_when_it_is_made():
    engine = Engine()
    of(engine).ensure([group("box", "10.7.0.0/24")])
    (reason,) = networks.misfits([group("box", "10.7.0.128/25")], engine.there, "other")
    assert reason.startswith("The range 10.7.0.128/25 of the network 'lan' overlaps with 10.7.0.0/24 of its network")
    assert networks.misfits([group("box", "10.7.0.0/24")], engine.there, "one") == []
    assert networks.misfits([group("box", "10.8.0.0/24")], engine.there, "other") == []
    with pytest.raises(SiteError, match="no room for the range of the network 'lan'") as caught:
        of(engine, "other").ensure([group("box", "10.7.0.128/25")])
    assert caught.value.bad_input


def test_what_stays_as_it_was_made_is_told():
    engine = Engine()
    (name,) = of(engine).ensure([group("box", "10.7.0.0/24")]).values()

    def container(*ways):
        labels = {GROUP: "box", HOSTNAME: "box-0"}
        return {"Labels": labels, "NetworkSettings": {"Networks": dict.fromkeys(ways)}}

    told = networks.warnings([group("box", "10.8.0.0/24")], of(engine).existing(), [container("indigo-paas-one")])
    assert told == [
        "The network 'lan' keeps the range 10.7.0.0/24. Destroy the deployment to change it.",
        "Node box-0 keeps the networks that it was made with. Name it in removal_list to replace it.",
    ]
    assert networks.warnings([group("box", "10.7.0.0/24")], of(engine).existing(), [container(name)]) == []


def test_nodes_are_known_by_the_network_that_all_have():
    both = [group("a", "10.7.0.0/24"), group("b", "10.7.0.0/24")]
    assert networks.first_network(both, "one") == networks.network_name("one", "lan")
    assert networks.first_network([*both, NodeGroup("c", "c", "c")], "one") == ""
    assert networks.first_network([*both, NodeGroup("c", "c", "c", count=0)], "one") != ""


@given(st.integers(24, 29), st.sets(st.integers(1, 5)))
def test_the_gateway_is_no_machines_address(length, numbers):
    cidr = ipaddress.ip_network(f"10.7.0.0/{length}")
    taken = {str(cidr[number]) for number in numbers}
    gateway = networks.gateway_of({"cidr": str(cidr), "gateway": None, "addresses": taken})
    assert gateway not in taken
    assert ipaddress.ip_address(gateway) in cidr
