# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where boxes and arrows go: columns from what needs to what is needed, few crossings, straight arrows.

The layered method of Sugiyama, Tagawa and Toda (1981). A column's heights are settled by isotonic regression:
each box as near to its neighbours as the boxes above and below it allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

GAP_X = 110.0
GAP_Y = 34.0
_LANE = 14.0
_SWEEPS = 12
_CROWD = 7


@dataclass(frozen=True)
class Item:
    """A box to place: its size, and the first and the last column that it may be in."""

    width: float
    height: float
    first: int = 0
    last: int | None = None


@dataclass(frozen=True)
class Edge:
    """An arrow between two boxes; the offsets say how far below their tops it leaves and arrives."""

    source: str
    target: str
    leaves: float
    arrives: float


@dataclass(frozen=True)
class Layout:
    """The top left corner of each box, the bends of each edge (x, y), and the size of all."""

    places: Mapping[str, tuple[float, float]]
    bends: Sequence[Sequence[tuple[float, float]]]
    width: float
    height: float


@dataclass
class _Column:
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Link:
    """A piece of an edge between neighbouring columns, from left to right."""

    left: str
    right: str
    out: float
    into: float


def lay_out(items: Mapping[str, Item], edges: Sequence[Edge]) -> Layout:
    """Return places for the items; the same input gives the same picture."""
    columns = _spread(_columns(items, edges), items, edges)
    sizes = dict(items)
    chains, links = _chains(columns, edges, sizes)
    order = _ordered(columns, links)
    heights = _heights(order, links, sizes)
    lefts, widths, width = _lefts(order, sizes, links)
    places = {name: (lefts[columns[name]], heights[name]) for name in items}
    bends = [_bends(chain, columns, lefts, widths, heights) for chain in chains]
    bottom = max((heights[name] + items[name].height for name in items), default=0.0)
    return Layout(places, bends, width, bottom)


def _columns(items: Mapping[str, Item], edges: Sequence[Edge]) -> dict[str, int]:
    """Return the column of each item: at the left of all that it needs, as far right as it can be."""
    after = _forward(items, edges)
    order = _topological(items, after)
    column = {name: items[name].first for name in items}
    for name in order:
        for target in after[name]:
            column[target] = max(column[target], column[name] + 1)
    for name in reversed(order):
        if after[name]:
            nearest = min(column[target] for target in after[name]) - 1
            last = items[name].last
            column[name] = max(column[name], nearest if last is None else min(nearest, last))
    used = {number: position for position, number in enumerate(sorted(set(column.values())))}
    return {name: used[number] for name, number in column.items()}


def _spread(columns: dict[str, int], items: Mapping[str, Item], edges: Sequence[Edge]) -> dict[str, int]:
    """Return the columns with crowds, such as many workers of one front end, on both sides of what they need."""
    needed = {edge.target for edge in edges}
    goals: dict[str, set[int]] = {}
    for edge in edges:
        goals.setdefault(edge.source, set()).add(columns[edge.target])
    spread = dict(columns)
    for number in sorted(set(columns.values())):
        members = [name for name in items if columns[name] == number]
        free = [
            name
            for name in members
            if name not in needed and goals.get(name) == {number + 1} and items[name].last is None
        ]
        if len(members) > _CROWD:
            spread.update(dict.fromkeys(free[len(members) - len(members) // 2 :], number + 2))
    return spread


def _bends(
    chain: Sequence[str],
    columns: Mapping[str, int],
    lefts: Sequence[float],
    widths: Sequence[float],
    heights: Mapping[str, float],
) -> list[tuple[float, float]]:
    """Return where an edge bends: it crosses the columns between its ends level, so that it meets no box."""
    found: list[tuple[float, float]] = []
    rightward = len(chain) < 2 or columns[chain[0]] < columns[chain[-1]]
    for name in chain:
        left = lefts[columns[name]]
        sides = [(left, heights[name]), (left + widths[columns[name]], heights[name])]
        found += sides if rightward else sides[::-1]
    return found


def _forward(items: Mapping[str, Item], edges: Sequence[Edge]) -> dict[str, list[str]]:
    """Return the targets of each item without the edges that would close a cycle."""
    targets: dict[str, list[str]] = {name: [] for name in items}
    for edge in edges:
        if edge.source != edge.target and edge.target not in targets[edge.source]:
            targets[edge.source].append(edge.target)
    kept: dict[str, list[str]] = {name: [] for name in items}
    state: dict[str, int] = {}
    for root in items:
        stack = [(root, iter(targets[root]))] if root not in state else []
        state.setdefault(root, 1)
        while stack:
            name, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                state[name] = 2
                stack.pop()
            elif state.get(target) != 1 and items[target].first >= items[name].first:
                kept[name].append(target)
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(targets[target])))
    return kept


def _topological(items: Mapping[str, Item], after: Mapping[str, list[str]]) -> list[str]:
    waiting = dict.fromkeys(items, 0)
    for targets in after.values():
        for target in targets:
            waiting[target] += 1
    ready = [name for name in items if not waiting[name]]
    for name in ready:
        for target in after[name]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return ready


def _chains(
    columns: dict[str, int], edges: Sequence[Edge], sizes: dict[str, Item]
) -> tuple[list[list[str]], list[_Link]]:
    """Return the lanes that each edge takes through the columns between its ends, and all its pieces.

    The lanes are added to `columns` and `sizes`, as flat items.
    """
    chains: list[list[str]] = []
    links: list[_Link] = []
    for number, edge in enumerate(edges):
        first, last = columns[edge.source], columns[edge.target]
        step = 1 if last > first else -1
        lanes = [f"{number}:{column}" for column in range(first + step, last, step)] if first != last else []
        for offset, lane in enumerate(lanes):
            columns[lane] = first + step * (offset + 1)
            sizes[lane] = Item(0.0, 0.0)
        stops = [(edge.source, edge.leaves), *((lane, 0.0) for lane in lanes), (edge.target, edge.arrives)]
        chains.append(lanes)
        if first != last:
            ordered = stops if step == 1 else stops[::-1]
            links += [_Link(a, b, out, into) for (a, out), (b, into) in zip(ordered, ordered[1:], strict=False)]
    return chains, links


def _ordered(columns: Mapping[str, int], links: Sequence[_Link]) -> list[_Column]:
    """Return the columns with their items from top to bottom, so that few edges cross."""
    order = [_Column() for _number in range(max(columns.values(), default=-1) + 1)]
    for name, number in columns.items():
        order[number].names.append(name)
    best, fewest = [list(column.names) for column in order], _crossings(order, links)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        rightward = sweep % 2 == 0
        for column in order[1:] if rightward else order[-2::-1]:
            _sort(column, order, links, rightward)
        crossings = _crossings(order, links)
        if crossings < fewest:
            best, fewest = [list(column.names) for column in order], crossings
    return [_Column(names) for names in best]


def _sort(column: _Column, order: Sequence[_Column], links: Sequence[_Link], rightward: bool) -> None:
    """Sort a column by the mean position of its neighbours at the left, or at the right."""
    position = {name: place for each in order for place, name in enumerate(each.names)}
    neighbours: dict[str, list[float]] = {name: [] for name in column.names}
    for link in links:
        here, there = (link.right, link.left) if rightward else (link.left, link.right)
        if here in neighbours:
            neighbours[here].append(position[there])
    means = {name: sum(found) / len(found) if found else position[name] for name, found in neighbours.items()}
    column.names.sort(key=lambda name: means[name])


def _crossings(order: Sequence[_Column], links: Sequence[_Link]) -> int:
    position = {name: place for column in order for place, name in enumerate(column.names)}
    column_of = {name: number for number, column in enumerate(order) for name in column.names}
    between: dict[int, list[tuple[float, float, float, float]]] = {}
    for link in links:
        ends = (position[link.left], link.out, position[link.right], link.into)
        between.setdefault(column_of[link.left], []).append(ends)
    return sum(_inversions([(c, d) for _a, _b, c, d in sorted(ends)]) for ends in between.values())


def _inversions(values: list[tuple[float, float]]) -> int:
    """Count the pairs that stand in the wrong order, by merge sort."""
    if len(values) < 2:
        return 0
    middle = len(values) // 2
    left, right = values[:middle], values[middle:]
    count = _inversions(left) + _inversions(right)
    left.sort()
    right.sort()
    ahead = 0
    for value in right:
        while ahead < len(left) and left[ahead] <= value:
            ahead += 1
        count += len(left) - ahead
    return count


def _heights(order: Sequence[_Column], links: Sequence[_Link], sizes: Mapping[str, Item]) -> dict[str, float]:
    """Return how far each item's top is below the top of the picture."""
    tops: dict[str, float] = {}
    for column in order:
        y = 0.0
        for name in column.names:
            tops[name] = y
            y += sizes[name].height + _gap(sizes[name])
    for sweep in range(_SWEEPS):
        for column in order if sweep % 2 else list(reversed(order)):
            _settle(column, tops, links, sizes)
    highest = min(tops.values(), default=0.0)
    return {name: top - highest for name, top in tops.items()}


def _settle(column: _Column, tops: dict[str, float], links: Sequence[_Link], sizes: Mapping[str, Item]) -> None:
    """Move the items of a column towards their neighbours; their order and the gaps between them stay."""
    wishes: dict[str, list[float]] = {name: [] for name in column.names}
    for link in links:
        if link.left in wishes:
            wishes[link.left].append(tops[link.right] + link.into - link.out)
        if link.right in wishes:
            wishes[link.right].append(tops[link.left] + link.out - link.into)
    shift, shifts = 0.0, []
    for name in column.names:
        shifts.append(shift)
        shift += sizes[name].height + _gap(sizes[name])
    wanted = [
        (sum(wishes[name]) / len(wishes[name]) if wishes[name] else tops[name]) - shifts[index]
        for index, name in enumerate(column.names)
    ]
    weights = [float(len(wishes[name]) or 0.1) for name in column.names]
    for index, base in enumerate(_increasing(wanted, weights)):
        tops[column.names[index]] = base + shifts[index]


def _increasing(wanted: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the non-decreasing numbers nearest to the wanted ones (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(wanted, weights, strict=True):
        mean, total, count = value, weight, 1
        while pools and pools[-1][0] > mean:
            other, other_total, other_count = pools.pop()
            mean = (mean * total + other * other_total) / (total + other_total)
            total, count = total + other_total, count + other_count
        pools.append((mean, total, count))
    return [mean for mean, _total, count in pools for _number in range(count)]


def _gap(item: Item) -> float:
    return GAP_Y if item.height else _LANE


def _lefts(
    order: Sequence[_Column], sizes: Mapping[str, Item], links: Sequence[_Link]
) -> tuple[list[float], list[float], float]:
    """Return the left edge and the width of each column, and the width of all."""
    number_of = {name: number for number, column in enumerate(order) for name in column.names}
    crowd = [0] * len(order)
    for link in links:
        crowd[number_of[link.left]] += 1
    lefts, widths, x = [], [], 0.0
    for number, column in enumerate(order):
        lefts.append(x)
        widest = max(sizes[name].width for name in column.names)
        widths.append(widest)
        last = number == len(order) - 1
        x += widest if last else widest + GAP_X + min(crowd[number], 20) * 4
    return lefts, widths, x
