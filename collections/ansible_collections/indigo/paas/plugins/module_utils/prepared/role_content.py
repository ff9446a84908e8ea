# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the entry point `install` of a role depends on: its files, and the parts of collections that they name."""

from __future__ import annotations

import functools
import hashlib
import importlib
import pathlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# What of a role decides how it runs; its documentation and its types do not.
FOLDERS = ("defaults", "files", "handlers", "library", "module_utils", "tasks", "templates", "vars")
META = ("meta/main.yml", "meta/argument_specs.yml")
IMPORTED = re.compile(r"ansible_collections\.(\w+)\.(\w+)\.plugins\.([\w.]+)")
NAMED = re.compile(r"\b([a-z_][a-z0-9_]*)\.([a-z_][a-z0-9_]*)\.([a-z_][a-z0-9_]*)\b")


@dataclass(frozen=True)
class InstallRole:
    """A role that has the entry point `install`: the digest of its content, and that entry point's arguments.

    arguments: their defaults by name.
    """

    digest: str
    arguments: Mapping[str, Any]


@functools.cache
def find_install_role(name: str) -> InstallRole | None:
    """Return the role NAME (namespace.collection.role) where it declares the entry point `install`, None otherwise."""
    if name.count(".") < 2:
        return None
    namespace, collection, short = name.split(".", 2)
    root = collection_root(namespace, collection)
    folder = root / "roles" / short.replace(".", "/") if root else None
    specs = _entry_points(folder) if folder else {}
    if folder is None or "install" not in specs:
        return None
    options = (specs["install"] or {}).get("options") or {}
    return InstallRole(
        content_digest(folder, collection_root),
        {argument: option.get("default") for argument, option in options.items()},
    )


def collection_root(namespace: str, collection: str) -> pathlib.Path | None:
    """Return the folder of a collection; None where it is not there."""
    try:
        package = importlib.import_module(f"ansible_collections.{namespace}.{collection}")
    except ImportError:
        return None
    return next((pathlib.Path(path) for path in package.__path__), None)


def content_digest(role: pathlib.Path, root_of: Callable[[str, str], pathlib.Path | None]) -> str:
    """Return the first 12 hexadecimal digits of a digest of all that running the ROLE in that folder depends on.

    root_of   gives the folder of a collection by its namespace and name
    """
    known: dict[pathlib.Path, bytes] = {}
    waiting = _role_files(role)
    while waiting:
        path = waiting.pop()
        if path not in known:
            known[path] = path.read_bytes()
            waiting += _needed(path, known[path].decode(errors="ignore"), root_of)
    content = hashlib.sha256()
    # By what is in them and how they are called, wherever they lie.
    for told in sorted(
        f"{path.parent.name}/{path.name} {hashlib.sha256(data).hexdigest()}" for path, data in known.items()
    ):
        content.update(told.encode())
    return content.hexdigest()[:12]


def _role_files(role: pathlib.Path) -> list[pathlib.Path]:
    inside = [path for folder in FOLDERS for path in (role / folder).rglob("*")]
    paths = [*inside, *(role / name for name in META)]
    return [path for path in paths if path.is_file() and "__pycache__" not in path.parts]


def _needed(path: pathlib.Path, text: str, root_of: Callable[[str, str], pathlib.Path | None]) -> list[pathlib.Path]:
    """Return the files of collections that PATH, which holds TEXT, names."""
    found: list[pathlib.Path] = []
    if path.suffix == ".py":
        for namespace, collection, module in IMPORTED.findall(text):
            root = root_of(namespace, collection)
            place = root / "plugins" / module.replace(".", "/") if root else None
            found += [file for file in (place and place.with_suffix(".py"), place and place / "__init__.py") if file]
        return [file for file in found if file.is_file()]
    for namespace, collection, name in set(NAMED.findall(text)):
        root = None if namespace == "ansible" else root_of(namespace, collection)
        if root:
            found += _part(root, name)
    return found


def _part(root: pathlib.Path, name: str) -> list[pathlib.Path]:
    """Return the files of the role or plugins NAME of the collection in ROOT."""
    plugins = [*root.glob(f"plugins/*/{name}.py"), *root.glob(f"plugins/*/{name}.yml")]
    # A filter or a test is documented in a file of its name; its code may be in any beside that.
    beside = [file for plugin in plugins if plugin.suffix == ".yml" for file in plugin.parent.glob("*.py")]
    return [*plugins, *beside, *_role_files(root / "roles" / name)]


def _entry_points(role: pathlib.Path) -> dict[str, Any]:
    """Return what the ROLE in that folder declares of its entry points, by their names."""
    import yaml  # the controller has it, a machine that only loads this may not

    file = role / "meta" / "argument_specs.yml"
    if not file.is_file():
        return {}
    found: dict[str, Any] = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("argument_specs") or {}
    return found
