# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.tosca.graph import dependency_order

graphs = st.integers(0, 8).flatmap(
    lambda size: st.fixed_dictionaries({n: st.lists(st.integers(0, 9), max_size=4) for n in range(size)})
)


def test_dependencies_first() -> None:
    assert dependency_order({"a": ["b"], "b": ["c"], "c": []}) == (["c", "b", "a"], [])


def test_shortest_cycle_is_named() -> None:
    _order, cycles = dependency_order({"a": ["b", "c"], "b": ["c"], "c": ["a"], "d": ["d"], "e": ["a"]})
    assert cycles == [["a", "c", "a"], ["d", "d"]]


@given(graphs)
def test_order_holds_all_and_cycles_are_real(graph: dict[int, list[int]]) -> None:
    order, cycles = dependency_order(graph)
    assert sorted(order) == sorted(graph)
    for cycle in cycles:
        assert cycle[0] == cycle[-1]
        assert all(after in graph[before] for before, after in zip(cycle, cycle[1:], strict=False))
    if not cycles:
        done: set[int] = set()
        for node in order:
            assert {need for need in graph[node] if need in graph} <= done
            done.add(node)


@given(graphs)
def test_without_cycle_means_sortable(graph: dict[int, list[int]]) -> None:
    left = {node: {need for need in needs if need in graph} for node, needs in graph.items()}
    while ready := [node for node, needs in left.items() if not needs & left.keys()]:
        for node in ready:
            del left[node]
    assert bool(left) == bool(dependency_order(graph)[1])


def test_a_chain_as_long_as_a_template() -> None:
    size = 50_000
    order, cycles = dependency_order({n: [n + 1] if n < size else [] for n in range(size + 1)})
    assert order[0] == size
    assert not cycles
