# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Placing nodes on machines, one node on each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Node = TypeVar("Node")
Machine = TypeVar("Machine")


def assign(
    nodes: Sequence[Node],
    machines: Sequence[Machine],
    suits: Callable[[Node, Machine], bool],
    *,
    size: Callable[[Any], Any],
) -> list[int | None]:
    """Return for each of NODES the index of its machine in MACHINES, None for a node that finds none.

    As many nodes as possible are placed. Among the ways to do so, a node gets a small machine, so that the
    large ones stay free. SIZE orders nodes, and machines, from small to large.
    """
    order = sorted(range(len(machines)), key=lambda index: (size(machines[index]), index))
    options = [[index for index in order if suits(node, machines[index])] for node in nodes]
    holder: dict[int, int] = {}
    for node in sorted(range(len(nodes)), key=lambda index: size(nodes[index]), reverse=True):
        _place(node, options, holder)
    machine_of = {node: machine for machine, node in holder.items()}
    return [machine_of.get(node) for node in range(len(nodes))]


def _place(node: int, options: list[list[int]], holder: dict[int, int]) -> None:
    """Give NODE a machine; where all that suit it are taken, others move along to make room."""
    came_from: dict[int, int] = {}
    waiting = [node]
    while waiting:
        asking = waiting.pop(0)
        for machine in options[asking]:
            if machine in came_from:
                continue
            came_from[machine] = asking
            if machine not in holder:
                _shift(machine, node, came_from, holder)
                return
            waiting.append(holder[machine])


def _shift(machine: int, node: int, came_from: dict[int, int], holder: dict[int, int]) -> None:
    """Hand MACHINE, and each machine that this sets free, to who asked for it, back to NODE."""
    held = {holding: place for place, holding in holder.items()}
    while True:
        asking = came_from[machine]
        holder[machine] = asking
        if asking == node:
            return
        machine = held[asking]
