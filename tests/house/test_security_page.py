# SPDX-License-Identifier: Apache-2.0
"""Each row of the table of places names a test that there is."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "security.md"
_TEST = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def rows() -> list[str]:
    table = PAGE.read_text().partition("## Where text goes")[2].partition("\n## ")[0]
    return [line for line in table.splitlines() if line.startswith("| ")][2:]


def names_in(file: str) -> set[str]:
    """Return the names of all tests in the files of a name."""
    found = [path for place in (ROOT / "tests", ROOT / "collections") for path in place.rglob(file)]
    trees = [ast.parse(path.read_text()) for path in found]
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_table_is_there() -> None:
    assert len(rows()) > 15
    assert all(row.count(" | ") == 3 for row in rows())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split(" | ")[0].strip("| "))
def test_a_row_names_a_test_that_there_is(row: str) -> None:
    named = _TEST.findall(row)
    assert named
    assert [name for file, name in named if name not in names_in(file)] == []
