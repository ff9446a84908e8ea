# SPDX-License-Identifier: Apache-2.0
"""Which files of the checkout its Python files import, themselves or by others: those count as their own."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Collection, Iterable, Iterator

# Where pytest looks for modules: `pythonpath` in pyproject.toml.
PLACES = ("", "src/", "collections/")


class Imports:
    """The imports of the files of a checkout; `files` are their paths from its root."""

    def __init__(self, root: pathlib.Path, files: Collection[str]) -> None:
        self._root = root
        self._files = frozenset(files)
        self._near: dict[tuple[str, bool], frozenset[str]] = {}

    def of(self, names: Iterable[str], at_once: bool = False) -> set[str]:
        """Return the Python files among these, what they import, and the conftest.py of each folder above one.

        Imports anywhere in them count; with `at_once` only those that run when they are imported themselves.
        """
        found: set[str] = set()
        waiting = [name for name in names if name.endswith(".py")]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._directly(name, at_once)
        return found

    def _directly(self, name: str, at_once: bool) -> frozenset[str]:
        if (name, at_once) not in self._near:
            folders = [str(folder) for folder in pathlib.PurePosixPath(name).parents if folder.name]
            above = (f"{folder}/conftest.py" for folder in folders)
            modules = (path for module in self._modules(name, at_once) for path in _paths(module))
            self._near[name, at_once] = self._files.intersection((*above, *modules))
        return self._near[name, at_once]

    def _modules(self, name: str, at_once: bool) -> Iterator[str]:
        """Yield the full names of the modules that a file imports, and of what it takes out of them."""
        package = _package(name)
        tree = _tree(self._root / name)
        for node in _at_once(tree) if at_once else ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else ()
                module = ".".join((*above, *([node.module] if node.module else [])))
                yield from (f"{module}.{alias.name}" for alias in node.names)


def _at_once(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements that run when a module is imported."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.expr)):
            continue
        if not (isinstance(each, ast.If) and ast.unparse(each.test).endswith("TYPE_CHECKING")):
            yield each
            yield from _at_once(each)


def _tree(path: pathlib.Path) -> ast.AST:
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return ast.Module([], [])  # pytest tells of it; until it is mended nothing is proved


def _package(name: str) -> tuple[str, ...]:
    """Return the package that a file is in, by the names that an import of it has."""
    place = max((place for place in PLACES if name.startswith(place)), key=len)
    return pathlib.PurePosixPath(name.removeprefix(place)).parent.parts


def _paths(module: str) -> Iterator[str]:
    """Yield where a module may be, and the packages that it is in: Python runs those first."""
    parts = module.split(".")
    for place in PLACES:
        path = place + "/".join(parts)
        yield f"{path}.py"
        yield from (f"{place}{'/'.join(parts[:end])}/__init__.py" for end in range(1, len(parts) + 1))
        yield f"{place}{'/'.join(parts[:-1])}.py"
