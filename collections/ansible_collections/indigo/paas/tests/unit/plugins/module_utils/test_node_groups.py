# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.node_groups import (
    Account,
    NodeGroup,
    OwnNetwork,
    Port,
    Size,
    Volume,
    WantedImage,
    group_problems,
    read_groups,
)

PLAN = {
    "name": "wn server",
    "group": "wn_server",
    "hostname": "wn-server",
    "type": "tosca.nodes.indigo.Compute",
    "count": 2,
    "removal_list": ["wn-server-0"],
    "size": {"cpus": 2, "memory": 4 * 10**9, "disk": None, "gpus": 0, "instance_type": None, "preemptible": True},
    "image": {"image": None, "type": "linux", "distribution": "debian", "version": "13", "architecture": None},
    "network": {"public": True, "name": "lab", "dns_name": None},
    "networks": [{"name": "lan", "cidr": "10.7.0.0/24", "gateway": None, "address": "10.7.0.9"}],
    "ports": [{"name": "web", "protocol": "TCP", "source": 80, "target": 8080, "remote_cidr": "192.0.2.1/24"}],
    "volumes": [{"name": "data", "size": 10**9, "type": None, "volume_id": None, "location": "/data", "device": ""}],
    "users": [{"os_user_name": "ann", "os_user_add_to_sudoers": True}],
    "tags": {"team": 7},
}


def test_a_group_of_a_plan_is_read():
    assert NodeGroup.from_plan(PLAN) == NodeGroup(
        "wn server",
        "wn_server",
        "wn-server",
        2,
        ("wn-server-0",),
        size=Size(2, 4 * 10**9, preemptible=True),
        image=WantedImage(type="linux", distribution="debian", version="13"),
        public=True,
        network="lab",
        networks=(OwnNetwork("lan", "10.7.0.0/24", None, "10.7.0.9"),),
        ports=(Port("web", "tcp", 8080, 8080, "192.0.2.0/24"),),
        volumes=(Volume("data", 10**9, location="/data"),),
        users=(Account("ann", sudo=True),),
        tags={"team": "7"},
    )


@pytest.mark.parametrize(
    ("port", "span"),
    [
        ({"source": 80}, ("tcp", 80, 80)),
        ({"source": 80, "target": "8080"}, ("tcp", 8080, 8080)),
        ({"source": 80, "source_range": [1, 9], "protocol": "UDP"}, ("udp", 1, 9)),
        ({"source_range": [1, 9], "target_range": [11, 19]}, ("tcp", 11, 19)),
        ({"protocol": "icmp", "source": 80}, ("icmp", None, None)),
    ],
)
def test_the_target_of_a_port_counts_before_its_source(port, span):
    found = Port.from_plan(port)
    assert (found.protocol, found.first, found.last) == span
    assert found.problem is None


@pytest.mark.parametrize(
    ("port", "problem"),
    [
        ({}, "it has neither target nor source"),
        ({"source": 70000}, "70000 to 70000 is no range"),
        ({"source_range": [9, 1]}, "9 to 1 is no range"),
        ({"source": 80, "protocol": "igmp"}, "'igmp' is no protocol with ports"),
        ({"source": 80, "remote_cidr": "everywhere"}, "'everywhere' does not appear to be"),
    ],
)
def test_a_port_that_is_none_is_told_with_its_group(port, problem):
    groups = read_groups([{**PLAN, "ports": [{"name": "web", **port}]}])
    (told,) = list(group_problems(groups))
    assert str(told).startswith(f"The port 'web' of 'wn server': {problem}")


ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=3))


@given(st.dictionaries(st.sampled_from(["protocol", "source", "target", "source_range", "remote_cidr"]), ANYTHING))
def test_whatever_a_port_says_it_is_read_or_told(port):
    found = Port.from_plan(port)
    assert found.problem or found.protocol == "icmp" or 1 <= found.first <= found.last <= 65535
