# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.tosca.stages import Unit, schedule


def unit(name: str, role: str, after: str = "", strictly: str = "") -> Unit:
    return Unit((name, 0), role, [(need, 0) for need in after], [(need, 0) for need in strictly])


def stages(*units: Unit) -> list[tuple[str, str]]:
    return [(role, "".join(name for name, _index in keys)) for role, keys in schedule(units)]


def test_one_role_is_one_stage() -> None:
    assert stages(unit("b", "r", after="a"), unit("a", "r")) == [("r", "ab")]


def test_an_argument_from_a_fact_needs_an_earlier_stage() -> None:
    assert stages(unit("a", "r"), unit("b", "r", strictly="a")) == [("r", "a"), ("r", "b")]


def test_a_role_waits_until_all_of_it_can_run() -> None:
    assert stages(unit("a", "r"), unit("x", "s"), unit("b", "r", after="x")) == [("s", "x"), ("r", "ab")]


def test_a_role_is_split_when_the_order_wants_it() -> None:
    found = stages(unit("a", "r"), unit("x", "s", after="a"), unit("b", "r", after="x"))
    assert found == [("r", "a"), ("s", "x"), ("r", "b")]


@st.composite
def unit_lists(draw: st.DrawFn) -> list[Unit]:
    size = draw(st.integers(0, 12))
    found = []
    for n in range(size):
        needs = draw(st.lists(st.integers(0, n - 1), max_size=3)) if n else []
        split = draw(st.integers(0, len(needs)))
        role = draw(st.sampled_from("rst"))
        found.append(
            Unit((str(n), 0), role, [(str(m), 0) for m in needs[:split]], [(str(m), 0) for m in needs[split:]])
        )
    return draw(st.permutations(found))


@given(unit_lists())
def test_stages_are_an_order_that_keeps_all_requirements(units: list[Unit]) -> None:
    found = schedule(units)
    place = {key: number for number, (_role, keys) in enumerate(found) for key in keys}
    assert sorted(place) == sorted(each.key for each in units)
    assert sum(len(keys) for _role, keys in found) == len(units)
    roles = {each.key: each.role for each in units}
    for each in units:
        assert found[place[each.key]][0] == each.role
        assert all(place[need] < place[each.key] for need in each.strictly_after)
        for need in each.after:
            assert place[need] < place[each.key] or (place[need] == place[each.key] and roles[need] == each.role)


@given(unit_lists())
def test_schedule_is_deterministic_and_never_splits_in_vain(units: list[Unit]) -> None:
    found = schedule(units)
    assert schedule(units) == found
    assert all(one[0] != two[0] or _forced(units, two[1], one[1]) for one, two in zip(found, found[1:], strict=False))


def _forced(units: list[Unit], later: list, earlier: list) -> bool:
    """Say whether something in the later stage strictly needs something in the earlier one."""
    by_key = {each.key: each for each in units}
    return any(need in earlier for key in later for need in by_key[key].strictly_after)


def test_ten_thousand_units_are_fast() -> None:
    units = [Unit((str(n), 0), f"r{n % 7}", [(str(n - 1), 0)] if n % 50 else []) for n in range(10_000)]
    started = time.process_time()
    assert sum(len(keys) for _role, keys in schedule(units)) == 10_000
    assert time.process_time() - started < 2
