# SPDX-License-Identifier: Apache-2.0
"""Nodes as the dashboard of the INDIGO PaaS reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from indigo_paas.service.vm_info import vm_info
from indigo_paas.store import Resource


def properties(state: str = "STARTED", about: Mapping[str, Any] | None = None, **metadata: Any) -> list[dict[str, Any]]:
    row = Resource("u", "d", 0, 0, "tosca.nodes.indigo.Compute", "fe_server", 0, "front", state, metadata)
    found: list[dict[str, Any]] = json.loads(vm_info(row, about or {}))["vmProperties"]
    return found


def test_a_node_is_two_networks_and_a_system():
    told = properties(
        id="4f1c",
        private_address=["10.0.0.2", "fd00::2"],
        public_address=["192.0.2.7"],
        size={"cpus": 2, "memory": 4_000_000_000},
    )
    assert told == [
        {"class": "network", "id": "priv_network"},
        {"class": "network", "id": "pub_network", "outbound": "yes"},
        {
            "class": "system",
            "id": "fe_server",
            "instance_name": "front",
            "instance_id": "4f1c",
            "cpu.count": 2,
            "memory.size": 4_000_000_000,
            "state": "configured",
            "net_interface.0.dns_name": "front",
            "net_interface.0.connection": "priv_network",
            "net_interface.0.ip": "10.0.0.2",
            "net_interface.1.connection": "pub_network",
            "net_interface.1.ip": "192.0.2.7",
        },
    ]


def test_a_node_of_which_nothing_is_known_is_a_system():
    [told] = properties(state="ERROR")
    assert told == {
        "class": "system",
        "id": "fe_server",
        "instance_name": "front",
        "state": "failed",
        "net_interface.0.dns_name": "front",
    }


@pytest.mark.parametrize(
    ("about", "told"),
    [
        (
            {"type": "openstack", "endpoint": "https://cloud.example.org:5000/v3"},
            {"provider.type": "OpenStack", "provider.host": "cloud.example.org", "provider.port": 5000},
        ),
        (
            {"type": "opennebula", "endpoint": "https://one.example.org/RPC2"},
            {"provider.type": "OpenNebula", "provider.host": "one.example.org"},
        ),
        ({"type": "openstack", "endpoint": None}, {"provider.type": "OpenStack"}),
        ({"type": "docker", "endpoint": "unix:///run/docker.sock"}, {"provider.type": "Docker"}),
        ({"type": "hosts", "endpoint": "/etc/hosts.ini"}, {}),
        ({}, {}),
    ],
)
def test_the_provider_is_told_as_far_as_everybody_may_know_it(about, told):
    [system] = properties(about=about)
    assert {name: value for name, value in system.items() if name.startswith("provider.")} == told


def test_an_endpoint_with_a_wrong_port_has_none():
    [told] = properties(about={"type": "openstack", "endpoint": "https://cloud.example.org:port/v3"})
    assert (told["provider.host"], "provider.port" in told) == ("cloud.example.org", False)
