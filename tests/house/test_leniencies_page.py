# SPDX-License-Identifier: Apache-2.0
"""docs/leniencies.md lists all leniencies, limits and known defects, and its examples are answered as it says."""

from __future__ import annotations

import dataclasses
import io
import pathlib
import re
import zipfile

import pytest
import yaml

from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import IGNORED, LENIENCIES, LIMITS
from tests.house.examples import NAME, Example, examples

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "leniencies.md").read_text()
DEFECTS = next((ROOT / "collections").rglob("tests/unit/**/known_defects.yaml"))
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \|(?: ([^|]+) \| ([^|]+) \|)?$", re.MULTILINE)


def section(title: str) -> str:
    """Return the text under a heading, until the next of its level."""
    found = re.search(rf"^(#+) {re.escape(title)}$(.*?)(?=^\1 |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[2]


def rows(text: str) -> list[tuple[str, ...]]:
    return [tuple(cell for cell in row if cell) for row in ROW.findall(text)]


def test_the_table_has_every_leniency() -> None:
    answers = {"warning": "warning", IGNORED: "nothing is said"}
    table = {row[0]: row[2:] for row in rows(section("Leniencies")) if len(row) == 4}
    assert table == {kind: (answers[severity], "error") for kind, severity in LENIENCIES.items()}


def test_the_limits_are_those_of_the_program() -> None:
    assert {row[0] for row in rows(section("What is not done"))} == set(LIMITS)


def test_the_known_defects_are_those_that_are_tested() -> None:
    listed = dict(rows(section("Published templates that are wrong in themselves")))
    assert listed == yaml.safe_load(DEFECTS.read_text())


@dataclasses.dataclass(frozen=True)
class Archived(Example):
    """An example that is the only file of an archive."""

    def plan(self, strict: bool = False) -> Plan:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("template.yaml", self.text)
        return make_plan(load(stream.getvalue(), name=NAME, strict=strict))


def example_of(kind: str) -> Example:
    (found,) = examples(section(kind))
    return Archived(**vars(found)) if kind == "nameless-archive" else found


def without_limits(heard: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """Return what is said apart from what nothing implements or heeds."""
    limits = ("nothing implements", "No site heeds it")
    return [each for each in heard if not any(limit in each[2] for limit in limits)]


@pytest.mark.parametrize("kind", LENIENCIES)
def test_an_example_is_taken_with_a_word(kind: str) -> None:
    example = example_of(kind)
    heard = without_limits(example.heard())
    assert [(line, severity) for line, severity, _words in heard] == [each[:2] for each in example.said]
    assert all(part in words for (_, _, words), (_, _, part) in zip(heard, example.said, strict=True))
    assert len(heard) == (LENIENCIES[kind] != IGNORED)


@pytest.mark.parametrize("kind", LENIENCIES)
def test_a_strict_reader_refuses_the_example(kind: str) -> None:
    example = example_of(kind)
    heard = example.heard(strict=True)
    assert [severity for _line, severity, _words in heard] == ["error"]
    assert all(part in heard[0][2] and line == heard[0][0] for line, _severity, part in example.said)
