# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.brokering.assignment import assign
from ansible_collections.indigo.paas.plugins.module_utils.brokering.fit import misfits
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import read_groups

GB = 10**9


def place(nodes, machines):
    return assign(nodes, machines, lambda node, machine: node <= machine, size=lambda size: size)


def test_large_machines_stay_free():
    assert place([1, 1], [8, 2, 1]) == [2, 1]


def test_who_cannot_be_placed_has_none():
    assert place([4, 1], [2, 2]) == [None, 0]


def test_others_move_along_to_make_room():
    suits = {("a", "x"), ("a", "y"), ("b", "x"), ("c", "y"), ("c", "z")}
    placed = assign("abc", "xyz", lambda node, machine: (node, machine) in suits, size=lambda _name: 0)
    assert placed == [1, 0, 2]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=5),
)
def test_as_many_as_possible_find_a_machine_that_suits(nodes, machines):
    def suits(node, machine):
        return node[0] <= machine[0] and node[1] <= machine[1]

    placed = assign(nodes, machines, suits, size=lambda size: size)
    used = [place for place in placed if place is not None]
    assert len(used) == len(set(used))
    assert all(suits(nodes[node], machines[place]) for node, place in enumerate(placed) if place is not None)
    best = max(
        sum(place is not None and suits(node, machines[place]) for node, place in zip(nodes, order, strict=False))
        for order in itertools.permutations([*range(len(machines)), *[None] * len(nodes)], len(nodes))
    )
    assert len(used) == best


def host(name, cpus, deployment=None, distribution="debian"):
    image = {"name": f"{distribution}-12", "type": "linux", "distribution": distribution, "version": "12"}
    return {
        "name": name,
        "cpus": cpus,
        "memory": 4 * GB,
        "gpus": 0,
        "image": {**image, "codename": None, "architecture": "x86_64", "default": False},
        "deployment": deployment,
    }


def farm(*machines):
    return {
        "name": "farm",
        "available": True,
        "problem": None,
        "images": [machine["image"] for machine in machines],
        "references": [],
        "machines": list(machines),
        "capacity": {"cpus": 100, "memory": 100 * GB, "nodes": len(machines)},
        "largest_node": {"cpus": 8, "memory": 4 * GB},
        "used": {"cpus": 0, "memory": 0, "nodes": 0, "deployments": {}},
    }


def group(name, count, cpus, **image):
    return {"name": name, "count": count, "size": {"cpus": cpus, "memory": GB}, "image": image}


@pytest.mark.parametrize(
    ("groups", "reasons"),
    [
        ([group("fe", 1, 8), group("wn", 1, 2)], []),
        (
            [group("wn", 2, 8)],
            ["Its free machines are too small, or have other images, for 1 of the nodes of 'wn'."],
        ),
        (
            [group("wn", 2, 1, distribution="rocky")],
            ["Its free machines are too small, or have other images, for 1 of the nodes of 'wn'."],
        ),
    ],
)
def test_machines_that_exist_hold_one_node_each(groups, reasons):
    site = farm(host("large", 8), host("small", 2), host("other", 1, distribution="rocky"))
    assert misfits(read_groups(groups), site) == reasons


def test_a_machine_of_another_deployment_is_not_free():
    site = farm(host("mine", 8, "p"), host("small", 2))
    assert misfits(read_groups([group("wn", 1, 8)]), site, "p") == []
    assert misfits(read_groups([group("wn", 1, 8)]), site, "q") != []
