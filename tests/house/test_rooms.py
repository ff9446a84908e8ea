# SPDX-License-Identifier: Apache-2.0
"""The rooms of the package are those of the documentation, and no import goes around in a circle."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "indigo_paas"
PAGE = ROOT / "docs" / "inside-a-deployment.md"
HEAD = "| Room | What is in it | Files | Imports from |"


class Imports(ast.NodeVisitor):
    """The modules that a file imports. at_start: those of them that are imported when the file is."""

    def __init__(self, modules: set[str], tree: ast.AST) -> None:
        self._modules = modules
        self._is_late = 0
        self.all: set[str] = set()
        self.at_start: set[str] = set()
        self.visit(tree)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._late(node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._late(node.body)

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) == "TYPE_CHECKING":
            self._late(node.body)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self._add(name.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for name in node.names:
            whole = f"{node.module}.{name.name}"
            self._add(whole if whole in self._modules else node.module or "")

    def _late(self, body: list[ast.stmt]) -> None:
        self._is_late += 1
        for each in body:
            self.visit(each)
        self._is_late -= 1

    def _add(self, name: str) -> None:
        if name in self._modules:
            self.all.add(name)
            if not self._is_late:
                self.at_start.add(name)


def modules() -> dict[str, pathlib.Path]:
    """Return the files of the package by the names of their modules."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = file
    return found


@pytest.fixture(scope="module")
def imports() -> dict[str, Imports]:
    files = modules()
    return {name: Imports(set(files), ast.parse(file.read_text())) for name, file in files.items()}


@pytest.fixture(scope="module")
def rooms() -> dict[str, tuple[list[str], list[str]]]:
    """Return the rooms of the page, from the ground up: their files, and the rooms from which they import."""
    found = {}
    for row in PAGE.read_text().partition(f"{HEAD}\n")[2].splitlines()[1:]:
        if not row.startswith("|"):
            break
        name, _what, files, below = (cell.strip() for cell in row.strip("|").split("|"))
        found[name] = (
            [file.strip("` ") for file in files.split(",")],
            [each.strip() for each in below.split(",") if each],
        )
    return found


def room_of(module: str, rooms: dict[str, tuple[list[str], list[str]]]) -> Iterator[str]:
    """Yield the rooms that hold MODULE: all of its folder, or its file."""
    top = module.split(".")[1] if "." in module else "__init__"
    for name, (files, _below) in rooms.items():
        if top in (file.removesuffix(".py").removesuffix("/") for file in files):
            yield name


def test_each_file_is_in_one_room(imports, rooms) -> None:
    wrong = {module: held for module in imports if len(held := list(room_of(module, rooms))) != 1}
    assert not wrong, f"each file belongs into one row of the table in {PAGE.name}"
    known = {name.split(".")[1] for name in imports if "." in name} | {"__init__"}
    named = {file.removesuffix(".py").removesuffix("/") for files, _below in rooms.values() for file in files}
    assert named == known


def test_the_arrows_are_those_of_the_page_and_point_down(imports, rooms) -> None:
    arrows: dict[str, set[str]] = {name: set() for name in rooms}
    for module, found in imports.items():
        here = next(room_of(module, rooms))
        arrows[here] |= {room for other in found.all for room in room_of(other, rooms)} - {here}
    order = list(rooms)
    upward = {name: up for name in order if (up := arrows[name] - set(order[: order.index(name)]))}
    assert not upward, "a room imports only from those above it in the table"
    assert {name: set(below) for name, (_files, below) in rooms.items()} == arrows


def test_no_file_needs_itself_to_be_imported(imports) -> None:
    waiting = {name: set(found.at_start) - {name} for name, found in imports.items()}
    while ready := [name for name, needs in waiting.items() if not needs & set(waiting)]:
        for name in ready:
            del waiting[name]
    assert not waiting, "these import each other"
