# SPDX-License-Identifier: Apache-2.0
"""The pages about types say what the vocabulary says."""

from __future__ import annotations

import importlib.util
import re


def generator(root):
    spec = importlib.util.spec_from_file_location("generate_types", root / "docs" / "generate_types.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_up_to_date(root):
    wanted = generator(root).pages()
    paths = [root / "docs" / "types.md", *sorted((root / "docs" / "types").glob("*.md"))]
    have = {path.relative_to(root / "docs").as_posix(): path.read_text() for path in paths}
    assert have.keys() == wanted.keys(), "run make types"
    assert [name for name in wanted if have[name] != wanted[name]] == [], "run make types"


def test_every_link_between_the_pages_leads_somewhere(root):
    pages = generator(root).pages()
    headings = {
        name: {line.lstrip("# ").lower().replace(".", "") for line in text.splitlines() if line.startswith("#")}
        for name, text in pages.items()
    }
    links = re.findall(r"\]\((types/\w+\.md)(?:#(\w+))?\)", pages["types.md"])
    assert len(links) > 100
    assert [link for link in links if link[1] and link[1] not in headings[link[0]]] == []
