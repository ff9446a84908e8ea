# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup
from ansible_collections.indigo.paas.plugins.module_utils.openstack import security
from ansible_collections.indigo.paas.plugins.module_utils.openstack.security import Rule


def group(**port):
    return NodeGroup.from_plan({"name": "fe", "ports": [{"name": "web", **port}]})


@pytest.mark.parametrize(
    ("port", "rules"),
    [
        ({"source": 80}, {Rule("IPv4", "tcp", 80, 80, "0.0.0.0/0"), Rule("IPv6", "tcp", 80, 80, "::/0")}),
        ({"source": 80, "target": 8080, "remote_cidr": "10.0.0.1/8"}, {Rule("IPv4", "tcp", 8080, 8080, "10.0.0.0/8")}),
        (
            {"protocol": "UDP", "source_range": [1, 9], "remote_cidr": "fe80::/10"},
            {Rule("IPv6", "udp", 1, 9, "fe80::/10")},
        ),
        (
            {"source_range": [1, 9], "target_range": [11, 19], "remote_cidr": "192.0.2.0/24"},
            {Rule("IPv4", "tcp", 11, 19, "192.0.2.0/24")},
        ),
        ({"protocol": "icmp", "remote_cidr": "192.0.2.0/24"}, {Rule("IPv4", "icmp", None, None, "192.0.2.0/24")}),
        ({"protocol": "icmp", "remote_cidr": "fe80::/10"}, {Rule("IPv6", "ipv6-icmp", None, None, "fe80::/10")}),
    ],
)
def test_ports_become_rules(port, rules):
    assert security.port_rules(group(**port)) == rules


def test_nodes_are_open_to_each_other_and_to_ssh():
    assert security.deployment_rules("192.0.2.0/24") == {
        Rule("IPv4", own=True),
        Rule("IPv6", own=True),
        Rule("IPv4", "tcp", 22, 22, "192.0.2.0/24"),
    }
    with pytest.raises(SiteError, match="site_ssh_from"):
        security.deployment_rules("home")


def as_found(rule, **more):
    """Return RULE as the network service tells it back."""
    request = rule.to_request("own")
    return SimpleNamespace(**{**request, "ether_type": request["ether_type"], **more})


rules = st.builds(
    lambda first, width, cidr: Rule("IPv4", "tcp", first, min(first + width, 65535), cidr),
    st.integers(1, 65535),
    st.integers(0, 100),
    st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "192.0.2.7/32"]),
)


@given(rules)
def test_a_rule_that_is_found_is_the_one_that_was_asked_for(rule):
    assert security.read_rule(as_found(rule), "own") == rule


def test_the_service_may_tell_anybody_as_nothing():
    rule = Rule("IPv4", "tcp", 80, 80, "0.0.0.0/0")
    assert security.read_rule(as_found(rule, remote_ip_prefix=None), "own") == rule


def test_rules_of_own_nodes_of_strangers_and_outward_are_told_apart():
    own = Rule("IPv6", own=True)
    assert security.read_rule(as_found(own), "own") == own
    assert security.read_rule(as_found(own, remote_group_id="other"), "own") not in (own, None)
    assert security.read_rule(as_found(own, direction="egress"), "own") is None
