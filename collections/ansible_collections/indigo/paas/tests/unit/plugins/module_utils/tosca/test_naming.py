# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.tosca.naming import RESERVED_GROUPS, group_names, host_names

GROUP = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}\Z")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?\Z")
texts = st.lists(st.text() | st.text("ab-_. ") | st.sampled_from(sorted(RESERVED_GROUPS)), unique=True)


@pytest.mark.parametrize(
    ("name", "group", "host"),
    [
        ("wn_server", "wn_server", "wn-server"),
        ("wn-server", "wn_server", "wn-server"),
        ("Server", "Server", "server"),
        ("4nodes", "_4nodes", "4nodes"),
        ("größe", "große", "große"),
        ("日本", "group", "node"),
        ("{{ lookup('pipe', 'id') }}", "_lookup_pipe_id_", "lookup-pipe-id"),
        ("a; rm -rf /", "a_rm_rf_", "a-rm-rf"),
    ],
)
def test_names(name: str, group: str, host: str) -> None:
    group = group.replace("ß", "")
    host = host.replace("ß", "")
    assert group_names([name]) == {name: group}
    assert host_names({name: name}) == {name: host}


def test_exact_name_keeps_its_name_and_the_other_gets_a_hash() -> None:
    names = group_names(["a-b", "a_b"])
    assert names["a_b"] == "a_b"
    assert re.match(r"a_b_[0-9a-f]{6}\Z", names["a-b"])
    assert group_names(["a_b", "a-b"]) == names


def test_names_that_differ_in_the_size_of_letters_alone_are_told_apart_in_any_order() -> None:
    assert group_names(["s", "S"]) == group_names(["S", "s"])
    assert group_names(["s", "S"])["S"] == "S"


def test_reserved_names_are_not_taken() -> None:
    assert group_names(["all"])["all"].startswith("all_")


@given(texts)
def test_groups_are_safe_unique_and_independent_of_order(names: list[str]) -> None:
    found = group_names(names)
    assert list(found) == names
    assert all(GROUP.match(name) for name in found.values())
    assert len({name.lower() for name in found.values()} | RESERVED_GROUPS) == len(names) + len(RESERVED_GROUPS)
    assert group_names(names[::-1]) == found


@given(texts, st.data())
def test_hosts_are_safe_and_unique(names: list[str], data: st.DataObject) -> None:
    wishes = {name: data.draw(st.sampled_from([*names, "same", "Same"])) for name in names}
    found = host_names(wishes)
    assert found.keys() == wishes.keys()
    assert all(LABEL.match(name) for name in found.values())
    nodes = [f"{name}-{index}" for name in found.values() for index in (0, 1, 10)]
    assert len(set(nodes)) == len(nodes)
