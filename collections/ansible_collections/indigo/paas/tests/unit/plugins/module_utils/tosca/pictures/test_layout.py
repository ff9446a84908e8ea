# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where boxes go: never over each other, what needs at the left of what is needed."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.tosca.pictures.layout import Edge, Item, lay_out
from ansible_collections.indigo.paas.plugins.module_utils.tosca.pictures.typesetting import fitted, text_width, wrapped

BOX = Item(100, 60)


def edges(*pairs: str) -> list[Edge]:
    return [Edge(pair[0], pair[1], 30, 30) for pair in pairs]


def test_columns_go_from_what_needs_to_what_is_needed():
    places = lay_out(dict.fromkeys("abc", BOX), edges("ab", "bc", "ac")).places
    assert places["a"][0] < places["b"][0] < places["c"][0]


def test_a_chain_is_straight():
    places = lay_out(dict.fromkeys("abc", BOX), edges("ab", "bc")).places
    assert len({y for _x, y in places.values()}) == 1


def test_crossings_are_taken_out():
    layout = lay_out(dict.fromkeys("abxy", BOX), edges("ay", "bx"))
    above = layout.places["a"][1] < layout.places["b"][1]
    assert above == (layout.places["y"][1] < layout.places["x"][1])


def test_a_long_edge_goes_around_the_boxes_between():
    layout = lay_out(dict.fromkeys("abc", BOX), edges("ab", "bc", "ac"))
    x, y = layout.places["b"]
    bends = layout.bends[2]
    assert [bend[0] for bend in bends] == [x, x + BOX.width]
    assert all(not y <= bend[1] <= y + BOX.height for bend in bends)


def test_cycles_are_drawn():
    layout = lay_out(dict.fromkeys("abc", BOX), edges("ab", "bc", "ca", "aa"))
    assert len(set(layout.places.values())) == 3


def test_applications_stay_at_the_left():
    items = {"m": Item(100, 60, first=1), "n": Item(100, 60, first=1), "app": Item(100, 60, last=0)}
    places = lay_out(items, [*edges("mn"), Edge("app", "n", 30, 30)]).places
    assert places["app"][0] < places["m"][0] < places["n"][0]


def test_a_crowd_stands_on_both_sides():
    names = [chr(ord("a") + number) for number in range(11)]
    layout = lay_out(dict.fromkeys([*names, "z"], BOX), edges(*(name + "z" for name in names)))
    sides = [layout.places[name][0] < layout.places["z"][0] for name in names]
    assert 4 <= sum(sides) <= 7


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25),
    st.lists(st.tuples(st.floats(20, 300), st.floats(20, 300)), min_size=10, max_size=10),
)
def test_no_box_covers_another(pairs, sizes):
    items = {str(number): Item(*size) for number, size in enumerate(sizes)}
    layout = lay_out(items, [Edge(str(a), str(b), 10, 10) for a, b in pairs])
    for (one, (x, y)), (other, (u, v)) in itertools.combinations(layout.places.items(), 2):
        apart = x + items[one].width <= u or u + items[other].width <= x
        assert apart or y + items[one].height <= v + 1e-6 or v + items[other].height <= y + 1e-6
    for name, (x, y) in layout.places.items():
        assert x >= 0
        assert y >= -1e-6
        assert x + items[name].width <= layout.width + 1e-6
        assert y + items[name].height <= layout.height + 1e-6


@given(st.text(), st.floats(30, 300))
def test_a_fitted_text_fits(text, width):
    assert text_width(fitted(text, 12, width), 12) <= width + 1e-6


def test_wrapping_keeps_the_words_and_cuts_the_rest():
    assert wrapped("one two three", 10, 1000, 3) == ["one two three"]
    lines = wrapped("word " * 100, 10, 100, 3)
    assert len(lines) == 3
    assert lines[-1].endswith("\u2026")
    assert wrapped("", 10, 100, 3) == []
