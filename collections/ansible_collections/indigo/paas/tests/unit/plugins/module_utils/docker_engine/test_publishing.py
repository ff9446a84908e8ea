# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.publishing import Publishing
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup

WEB = {"name": "web", "protocol": "tcp", "source": 8080}
FAR = Publishing("far.test", bind="192.0.2.1", ssh_ports="40000-40009", public=True)


def group(*ports, name="fe", public=True, count=1):
    return NodeGroup.from_plan({"name": name, "count": count, "network": {"public": public}, "ports": ports})


def test_every_node_gets_a_port_for_ssh():
    assert FAR.bindings(group(WEB, public=False)) == {"22/tcp": {"HostIp": "192.0.2.1", "HostPort": "40000-40009"}}
    assert Publishing("127.0.0.1").bindings(group(WEB)) == {"22/tcp": {"HostIp": "", "HostPort": ""}}


def test_a_public_node_shows_its_ports():
    bindings = FAR.bindings(group(WEB, {"name": "dns", "protocol": "udp", "target_range": [53, 54]}))
    assert {port: at["HostPort"] for port, at in bindings.items()} == {
        "8080/tcp": "8080",
        "53/udp": "53",
        "54/udp": "54",
        "22/tcp": "40000-40009",
    }


def test_a_port_that_only_some_may_reach_is_not_shown():
    limited = {**WEB, "remote_cidr": "192.0.2.0/24"}
    assert list(FAR.bindings(group(limited, {**WEB, "source": 80, "remote_cidr": "0.0.0.0/0"}))) == ["80/tcp", "22/tcp"]
    assert len(FAR.warnings([group(limited), group(limited, public=False)])) == 1
    assert FAR.warnings([group(WEB)]) == []


def test_port_22_stays_that_of_ssh():
    assert FAR.bindings(group({**WEB, "source": 22})) == FAR.bindings(group())


def test_one_port_of_the_host_is_one_nodes():
    assert FAR.misfits([group(WEB), group({**WEB, "protocol": "udp"}, name="wn")]) == []
    assert FAR.misfits([group(WEB), group(WEB, name="wn")]) == [
        "Port 8080/tcp of its host cannot be that of 2 nodes (fe, wn)."
    ]
    assert FAR.misfits([group(WEB, count=2, public=False)]) == []
    assert FAR.misfits([group(WEB, count=0), group(WEB, name="wn")]) == []


def test_the_older_protocols_port_is_preferred():
    ports = [
        {"PrivatePort": 22, "PublicPort": 40001, "IP": "::"},
        {"PrivatePort": 8080, "PublicPort": 8080, "IP": "0.0.0.0"},
        {"PrivatePort": 22, "PublicPort": 40000, "IP": "0.0.0.0"},
    ]
    assert FAR.ssh_address({"Ports": ports}) == ("far.test", 40000)
    assert FAR.ssh_address({"Ports": []}) == ("", 0)


def test_a_public_node_is_where_its_engine_is():
    assert FAR.public_addresses(["172.18.0.2"]) == ["far.test"]
    assert FAR.public_addresses([]) == []
    assert Publishing("127.0.0.1").public_addresses(["172.18.0.2"]) == ["172.18.0.2"]
