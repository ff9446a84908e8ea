# SPDX-License-Identifier: Apache-2.0
"""Which files of tests/ a test file imports, itself or by others: those count as its own."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Collection, Iterator

PACKAGE = "tests"


def imported(root: pathlib.Path, names: Collection[str]) -> set[str]:
    """Return these files, what they import of tests/, and the conftest.py of each folder above one; paths from ROOT."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found or not name.endswith(".py"):
            continue
        found.add(name)
        folders = pathlib.PurePosixPath(name).parents
        near = [f"{folder}/conftest.py" for folder in folders if folder.name]
        modules = [path for module in _modules(root / name, name) for path in _paths(module)]
        waiting += [path for path in (*near, *modules) if (root / path).is_file()]
    return found


def _modules(path: pathlib.Path, name: str) -> Iterator[str]:
    """Yield the full names of the modules of tests/ that a file imports, and of what it takes out of them."""
    package = pathlib.PurePosixPath(name).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *([node.module] if node.module else [])))
            if module.split(".")[0] == PACKAGE:
                yield module
                yield from (f"{module}.{alias.name}" for alias in node.names)


def _paths(module: str) -> tuple[str, str]:
    path = module.replace(".", "/")
    return f"{path}.py", f"{path}/__init__.py"
