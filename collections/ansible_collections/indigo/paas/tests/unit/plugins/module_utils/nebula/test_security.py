# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.nebula import security
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup


def group(*ports):
    return NodeGroup.from_plan({"group": "wn", "ports": ports})


@pytest.mark.parametrize(
    ("port", "rule"),
    [
        ({"source": 80}, {"PROTOCOL": "TCP", "RANGE": "80"}),
        ({"source": 22}, None),
        ({"protocol": "udp", "target": 53}, {"PROTOCOL": "UDP", "RANGE": "53"}),
        ({"protocol": "icmp"}, {"PROTOCOL": "ICMP"}),
        ({"source_range": [1, 9]}, {"PROTOCOL": "TCP", "RANGE": "1:9"}),
        ({"source": 80, "remote_cidr": "0.0.0.0/0"}, {"PROTOCOL": "TCP", "RANGE": "80"}),
        (
            {"source": 80, "remote_cidr": "192.0.2.128/25"},
            {"PROTOCOL": "TCP", "RANGE": "80", "IP": "192.0.2.128", "SIZE": "128"},
        ),
        ({"source": 80, "target": 8080}, {"PROTOCOL": "TCP", "RANGE": "8080"}),
        ({"source_range": [1, 9], "target_range": [11, 19]}, {"PROTOCOL": "TCP", "RANGE": "11:19"}),
    ],
)
def test_a_port_is_a_rule(port, rule):
    rules = [value for name, value in security.document("p", group(port), 5) if name == "RULE"]
    assert rules[3:] == ([{**rule, "RULE_TYPE": "inbound"}] if rule else [])


def test_a_rule_that_opennebula_cannot_hold_is_refused():
    with pytest.raises(SiteError, match="no rule for as many addresses as 2001:db8::/64") as caught:
        security.document("p", group({"source": 80, "remote_cidr": "2001:db8::/64"}), 5)
    assert caught.value.bad_input


NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_no_two_groups_have_one_name(one, other):
    assert (security.name(*one) == security.name(*other)) == (one == other)


PORTS = st.lists(
    st.builds(
        lambda source, protocol: {"source": source, "protocol": protocol},
        st.integers(1, 30),
        st.sampled_from(["tcp", "udp", "icmp"]),
    )
)


@given(PORTS, st.randoms())
def test_the_order_of_rules_makes_no_difference(ports, random):
    wanted = security.document("p", group(*ports, *ports), 5)
    rules = [value for name, value in wanted if name == "RULE"]
    assert len({str(rule) for rule in rules}) == len(rules)
    random.shuffle(rules)
    assert security.has_rules(SimpleNamespace(TEMPLATE={"RULE": rules}), wanted)
    assert not security.has_rules(SimpleNamespace(TEMPLATE={"RULE": rules[1:]}), wanted)
