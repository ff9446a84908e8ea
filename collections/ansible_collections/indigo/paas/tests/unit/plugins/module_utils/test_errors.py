# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import (
    PaasError,
    Problem,
    SiteError,
    TemplateError,
    did_you_mean,
)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("it broke"), "it broke"),
        (Problem("it broke", hint="Mend it."), "it broke. Mend it."),
        (Problem("it broke.", hint="Mend it."), "it broke. Mend it."),
        (Problem("it broke", "a.yaml"), "a.yaml: it broke"),
        (Problem("it broke", "a.yaml", 3), "a.yaml:3: it broke"),
        (Problem("it broke", "a.yaml", 3, 7, "Mend it."), "a.yaml:3:7: it broke. Mend it."),
    ],
)
def test_problem_reads_as_place_message_hint(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_problem_is_plain_data() -> None:
    assert Problem("m", "f", 1, 2, "h", "warning").to_dict() == {
        "message": "m",
        "file": "f",
        "line": 1,
        "column": 2,
        "hint": "h",
        "severity": "warning",
    }


def test_error_takes_a_text_with_its_place() -> None:
    error = TemplateError("it broke", file="a.yaml", line=1, column=2, hint="Mend it.")
    assert error.problems == [Problem("it broke", "a.yaml", 1, 2, "Mend it.")]


def test_error_takes_one_problem_or_many() -> None:
    one, two = Problem("one"), Problem("two")
    assert PaasError(one).problems == [one]
    assert str(PaasError(iter([one, two]))) == "one\ntwo"


def test_site_error_says_whose_fault_it_is() -> None:
    assert SiteError("no answer").bad_input is False
    assert SiteError("unknown site", bad_input=True, hint="Use local.").bad_input is True
    assert isinstance(SiteError("x"), PaasError)


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("num_cpu", ["num_cpus", "mem_size"], "Did you mean 'num_cpus'?"),
        ("zzz", ["b", "a"], "Known names: a, b."),
        ("zzz", [], "There are no names here."),
        (None, ["a"], "Known names: a."),
    ],
)
def test_did_you_mean(name: object, known: list[str], hint: str) -> None:
    assert did_you_mean(name, known) == hint


def test_did_you_mean_stays_short() -> None:
    assert len(did_you_mean("x" * 10**6, [f"name{n}" for n in range(5000)])) < 300
