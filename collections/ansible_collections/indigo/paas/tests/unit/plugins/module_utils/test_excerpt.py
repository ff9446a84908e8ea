# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem
from ansible_collections.indigo.paas.plugins.module_utils.excerpt import MAX_WIDTH, render, span

TEXT = "a: 1\nnode_templates:\n  server: {type: tosca.nodes.indigo.Computer}\n"


def test_the_offending_word_is_marked() -> None:
    problem = Problem("the node type is unknown", "t.yaml", 3, 18, "Did you mean 'x'?")
    assert render(problem, TEXT) == (
        "t.yaml:3:18: the node type is unknown. Did you mean 'x'?\n"
        "    3 |   server: {type: tosca.nodes.indigo.Computer}\n"
        "      |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^"
    )
    assert span(problem, TEXT) == (3, 18, 45)


def test_quoted_text_is_marked_whole() -> None:
    problem = Problem("x", "t", 1, 4)
    assert span(problem, "a: 'b, ''c'', d' # e") == (1, 4, 17)
    assert span(problem, 'a: "b \\" c" x') == (1, 4, 12)
    assert span(problem, "a: {b: 1}") == (1, 4, 5)


def test_a_problem_without_a_place_is_one_line() -> None:
    assert render(Problem("x", "t", hint="Do y."), TEXT) == "t: x. Do y."
    assert render(Problem("x", "t", 9, 1), TEXT) == "t:9:1: x"
    assert render(Problem("x", "t", 1, 99), TEXT) == "t:1:99: x"
    assert render(Problem("x", "t", 1, 1), None) == "t:1:1: x"


def test_long_lines_are_cut_around_the_place() -> None:
    line = "x" * 500 + " wrong " + "y" * 500
    shown = render(Problem("m", "t", 1, 502), line).splitlines()
    assert len(shown[1]) <= MAX_WIDTH + 14
    start = shown[2].index("^")
    assert shown[1][start : start + 5] == "wrong"


def test_wide_characters_keep_the_caret_under_the_word() -> None:
    shown = render(Problem("m", "t", 1, 5), "名前: x").splitlines()
    assert shown[2].index("^") - shown[1].index("名") == 6


@given(st.text(), st.text(), st.integers(-2, 9), st.integers(-2, 300))
def test_nothing_that_controls_a_terminal_gets_through(text: str, message: str, line: int, column: int) -> None:
    shown = render(Problem(message, "t", line, column), text)
    assert shown.count("\n") in (0, 2)
    assert not any(unicodedata.category(character) in ("Cc", "Cf") for character in shown.replace("\n", ""))
