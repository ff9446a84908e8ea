# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order in a graph of dependencies, without recursion: chains may be as long as a template."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterator, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def dependency_order(graph: Mapping[Node, Collection[Node]]) -> tuple[list[Node], list[list[Node]]]:
    """Return all nodes, each after those it depends on, and one cycle for each knot of nodes that has one.

    `graph` maps a node to what it depends on; what is no key of it is ignored. A cycle ends where it begins,
    as ["a", "b", "a"]. Linear in nodes and edges (Tarjan 1972).
    """
    order: list[Node] = []
    cycles: list[list[Node]] = []
    for component in _components(graph):
        order += component
        if len(component) > 1 or component[0] in graph[component[0]]:
            cycles.append(_cycle(graph, component))
    return order, cycles


def _components(graph: Mapping[Node, Collection[Node]]) -> Iterator[list[Node]]:
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    path: list[Node] = []
    on_path: set[Node] = set()
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        path.append(root)
        on_path.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in graph:
                    continue
                if target not in index:
                    index[target] = low[target] = len(index)
                    path.append(target)
                    on_path.add(target)
                    work.append((target, iter(graph[target])))
                    break
                if target in on_path:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    yield _unwind(path, on_path, node)


def _unwind(path: list[Node], on_path: set[Node], node: Node) -> list[Node]:
    component: list[Node] = []
    while not component or component[-1] != node:
        component.append(path.pop())
        on_path.discard(component[-1])
    return component[::-1]


def _cycle(graph: Mapping[Node, Collection[Node]], component: list[Node]) -> list[Node]:
    """Return the shortest way from the first node of a knot back to itself."""
    start = component[0]
    inside = set(component)
    came_from: dict[Node, Node] = {}
    queue = deque([start])
    while start not in came_from:
        node = queue.popleft()
        for target in graph[node]:
            if target in inside and target not in came_from:
                came_from[target] = node
                queue.append(target)
    way = [start]
    while len(way) == 1 or way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]
