# SPDX-License-Identifier: Apache-2.0
"""Every example of docs/language.md is what the page says of it."""

from __future__ import annotations

import pathlib

import pytest

from tests.house.examples import Example, examples, shown_outputs

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "language.md"
EXAMPLES = examples(PAGE.read_text())


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 15
    assert sum(len(example.values) for example in EXAMPLES) > 7
    assert sum(len(example.said) for example in EXAMPLES) > 10


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"line-{example.offset}")
def test_an_example_is_answered_as_the_page_says(example: Example) -> None:
    heard = example.heard()
    refused = any(severity == "error" for _line, severity, _words in heard)
    told = [each for each in example.said if not refused or each[1] == "error"]
    assert [(line, severity) for line, severity, _words in heard] == [(line, severity) for line, severity, _ in told]
    for (_line, _severity, words), (_said_line, _said_severity, part) in zip(heard, told, strict=True):
        assert part in words


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"line-{example.offset}")
def test_an_output_is_what_the_page_says(example: Example) -> None:
    wrong = [line for line, severity, _words in example.said if severity == "error"]
    right = _without(example, wrong) if wrong else example
    found = shown_outputs(right.plan()) if example.values else {}
    assert {name: found[name] for name in example.values} == example.values


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.said], ids=lambda each: f"line-{each.offset}")
def test_a_warning_beside_an_error_is_told_without_it(example: Example) -> None:
    wrong = [line for line, severity, _words in example.said if severity == "error"]
    warnings = [each for each in example.said if each[1] == "warning"]
    if wrong and warnings:
        heard = _without(example, wrong).heard()
        assert [(line, severity) for line, severity, _words in heard] == [each[:2] for each in warnings]
        assert all(part in words for (_, _, words), (_, _, part) in zip(heard, warnings, strict=True))


def _without(example: Example, lines: list[int]) -> Example:
    """Return the example with empty lines in place of those that are wrong."""
    first = example.offset - example.added + 1
    kept = ["" if number in lines else line for number, line in enumerate(example.text.splitlines(), start=first)]
    return Example("\n".join(kept) + "\n", example.offset, example.added, example.files)
