# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which roles run: one stage for one role, merged whenever the order allows."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Unit:
    """What one stage must hold whole: one role on one component; `role` is any text that is the same for one stage.

    `after` are units that may share the stage when their role is the same; `strictly_after` need an earlier
    stage, because this unit's arguments are made there.
    """

    key: tuple[str, int]
    role: str
    after: Collection[tuple[str, int]] = ()
    strictly_after: Collection[tuple[str, int]] = ()


@dataclass
class _Work:
    units: Mapping[tuple[str, int], Unit]
    waiting: dict[tuple[str, int], int]
    soft: dict[tuple[str, int], list[tuple[str, int]]]
    hard: dict[tuple[str, int], list[tuple[str, int]]]
    ready: dict[str, dict[tuple[str, int], None]]
    left: dict[str, int]
    complete: dict[str, bool] = field(default_factory=dict)


def schedule(units: Sequence[Unit]) -> list[tuple[str, list[tuple[str, int]]]]:
    """Return stages as (role, keys of units), each unit after all that it needs; deterministic.

    A role whose remaining units can all run now goes first, so that it needs no second stage. What depends on
    itself never becomes ready and is left out: the caller has refused cycles before.
    """
    work = _prepare(units)
    stages = []
    while any(work.ready.values()):
        role = _choose(work)
        stages.append((role, _run(work, role)))
    return stages


def _prepare(units: Sequence[Unit]) -> _Work:
    by_key = {unit.key: unit for unit in units}
    work = _Work(by_key, {}, {key: [] for key in by_key}, {key: [] for key in by_key}, {}, {})
    for unit in units:
        hard = {key for key in unit.strictly_after if key in by_key}
        soft = {key for key in unit.after if key in by_key} - hard
        work.waiting[unit.key] = len(hard) + len(soft)
        for table, keys in ((work.hard, hard), (work.soft, soft)):
            for key in keys:
                table[key].append(unit.key)
        work.left[unit.role] = work.left.get(unit.role, 0) + 1
        work.ready.setdefault(unit.role, {})
        if not work.waiting[unit.key]:
            work.ready[unit.role][unit.key] = None
    return work


def _choose(work: _Work) -> str:
    candidates = [role for role, ready in work.ready.items() if ready]
    for role in candidates:
        if role not in work.complete:
            work.complete[role] = len(_closure(work, role)) == work.left[role]
        if work.complete[role]:
            return role
    return candidates[0]


def _closure(work: _Work, role: str) -> list[tuple[str, int]]:
    """Return the units of a role that can run in one stage now, in order."""
    found = list(work.ready[role])
    met: dict[tuple[str, int], int] = {}
    queue = deque(found)
    while queue:
        for key in work.soft[queue.popleft()]:
            met[key] = met.get(key, 0) + 1
            if work.units[key].role == role and met[key] == work.waiting[key]:
                found.append(key)
                queue.append(key)
    return found


def _run(work: _Work, role: str) -> list[tuple[str, int]]:
    done = _closure(work, role)
    finished = set(done)
    work.ready[role] = {}
    work.left[role] -= len(done)
    work.complete.pop(role, None)
    for key in done:
        for after in (*work.soft[key], *work.hard[key]):
            work.waiting[after] -= 1
            if not work.waiting[after] and after not in finished:
                other = work.units[after].role
                work.ready[other][after] = None
                work.complete.pop(other, None)
    return done
