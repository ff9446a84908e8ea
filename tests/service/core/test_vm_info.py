# SPDX-License-Identifier: Apache-2.0
"""Nodes as the dashboard of the INDIGO PaaS reads them."""

from __future__ import annotations

import json
from typing import Any

from indigo_paas.service.vm_info import vm_info
from indigo_paas.store import Resource


def properties(state: str = "STARTED", **metadata: Any) -> list[dict[str, Any]]:
    row = Resource("u", "d", 0, 0, "tosca.nodes.indigo.Compute", "fe_server", 0, "front", state, metadata)
    found: list[dict[str, Any]] = json.loads(vm_info(row))["vmProperties"]
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
