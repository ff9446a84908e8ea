# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup
from ansible_collections.indigo.paas.plugins.module_utils.node_names import new_names, stated_name


def group(dns_name=None, hostname="wn"):
    return NodeGroup("wn", "wn", hostname, dns_name=dns_name)


@pytest.mark.parametrize("name", ["vnode-1", "wn1.cluster.local", "9p", "a", "x" * 63])
def test_a_node_can_be_called_what_is_a_name_of_a_host(name):
    assert stated_name(group(name)) == name
    assert new_names(group(name), [4], [], ()) == [name]


@pytest.mark.parametrize(
    "name",
    [
        None,
        7,
        "",
        "localhost",
        "all",
        "ungrouped",
        "Wn",
        "a_b",
        "-a",
        "a-",
        "a..b",
        ".a",
        "10.0.0.1",
        "12",
        "a b",
        "a\n",
        "{{ x }}",
        "x" * 64,
        "ä",
    ],
)
def test_what_no_host_can_be_called_is_a_number_of_the_group(name):
    assert stated_name(group(name)) is None
    assert new_names(group(name), [4], [], ()) == ["wn-4"]


def test_a_group_without_a_network_has_numbers():
    assert new_names(group(), [0, 1], [], ()) == ["wn-0", "wn-1"]


def test_nodes_that_are_added_one_by_one_are_called_as_each_time_was_said():
    # The host name of the group follows the name.
    assert new_names(group("vnode-1", "vnode-1"), [0], [], ()) == ["vnode-1"]
    assert new_names(group("vnode-2", "vnode-2"), [1], ["vnode-1"], {"vnode-1"}) == ["vnode-2"]
    # The first is lost: the name is that of the second.
    assert new_names(group("vnode-2", "vnode-2"), [0], ["vnode-2"], {"vnode-2"}) == ["vnode-2-0"]


def test_several_at_once_have_numbers_and_so_has_one_that_is_made_again():
    assert new_names(group("wn"), [0, 1, 2], [], ()) == ["wn-0", "wn-1", "wn-2"]
    assert new_names(group("wn"), [1], ["wn-0", "wn-2"], {"wn-0", "wn-2"}) == ["wn-1"]


def test_a_name_that_is_taken_is_given_to_nobody_else():
    assert new_names(group("site-1"), [0], [], {"site-1"}) == ["wn-0"]
    assert new_names(group(), [0, 1], [], {"wn-0", "wn-2"}) == ["wn-1", "wn-3"]


@given(
    st.sampled_from([None, "wn", "wn-1", "wn-0-1", "vnode"]),
    st.lists(st.integers(0, 9), unique=True, max_size=5).map(sorted),
    st.sets(st.sampled_from(["wn", "wn-0", "wn-1", "wn-2", "wn-5", "vnode", "wn-0-1"])),
)
def test_no_two_nodes_have_one_name(dns_name, indices, taken):
    names = new_names(group(dns_name), indices, taken, taken)
    assert len(set(names)) == len(names) == len(indices)
    assert not set(names) & taken
