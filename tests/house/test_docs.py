# SPDX-License-Identifier: Apache-2.0
"""The pages are found from the README, and their links lead somewhere."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")


def test_the_readme_names_every_page() -> None:
    named = {target for target in LINK.findall((ROOT / "README.md").read_text()) if target.startswith("docs/")}
    assert named >= {f"docs/{page.name}" for page in PAGES[1:]}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: pathlib.Path) -> None:
    targets = LINK.findall(page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_page_of_the_fuzzer_names_the_inputs_of_the_corpus() -> None:
    page = (ROOT / "docs" / "fuzzing.md").read_text()
    found = set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE))
    assert found
    assert found < {path.name for path in (ROOT / "tests" / "fuzz" / "corpus").iterdir()}
