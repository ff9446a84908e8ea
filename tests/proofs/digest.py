# SPDX-License-Identifier: Apache-2.0
"""The digest of what a group depends on: files of the checkout, and versions of what its tests install."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import pathlib
import stat
import subprocess
from collections.abc import Callable, Collection, Iterable

from tests.proofs.groups import Group
from tests.proofs.imports import Imports

# What every test reads.
COMMON = ("ansible.cfg", "conftest.py", "pyproject.toml", "tests/collections")
TESTS = "tests/"

# Of a suite ("python", or Debian's name of one) and packages: their versions by name, None for one that is unknown.
Versions = Callable[[str, tuple[str, ...]], "dict[str, str | None]"]


class CheckoutError(Exception):
    """Git does not tell which files belong to the checkout."""


class Checkout:
    """The files of a checkout and their contents."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self._contents: dict[str, str] = {}
        self._of_groups: dict[Group, list[str]] = {}

    @functools.cached_property
    def files(self) -> list[str]:
        """All files that git tracks or would, by their paths from the root; CheckoutError where it does not tell."""
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        try:
            listed = subprocess.run(command, cwd=self.root, capture_output=True, check=True).stdout
        except OSError as error:
            raise CheckoutError(f"git cannot be run: {error.strerror}") from error
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip()
            raise CheckoutError(f"git does not list the files of {self.root}: {said}") from error
        names = {os.fsdecode(name) for name in listed.split(b"\0") if name}
        return sorted(name for name in names if _is_there(self.root / name))

    @functools.cached_property
    def _imports(self) -> Imports:
        return Imports(self.root, self.files)

    @functools.cached_property
    def _data(self) -> dict[str, list[str]]:
        """The files in tests/ that are not Python's, by the nearest folder above them in which there is Python."""
        folders = {os.path.dirname(name) for name in self.files if name.endswith(".py")}
        found: dict[str, list[str]] = {}
        for name in self.files:
            if name.startswith(TESTS) and not name.endswith(".py"):
                above = (str(folder) for folder in pathlib.PurePosixPath(name).parents)
                found.setdefault(next((folder for folder in above if folder in folders), ""), []).append(name)
        return found

    def files_of(self, group: Group) -> list[str]:
        """Return what the group depends on, sorted: what it declares, and what belongs to it by itself.

        That is the files of its tests, all that these import, and the data beside those of them that are in a folder
        of tests/. Data in tests/ itself, and in folders there without Python, is declared. What declared files import
        when they are imported themselves counts even where it is left out.
        """
        if group not in self._of_groups:
            self._of_groups[group] = self._find_files_of(group)
        return self._of_groups[group]

    def _find_files_of(self, group: Group) -> list[str]:
        tests = [name for name in self.files if _below(name, group.files)]
        own = {*(name for name in self.files if _below(name, COMMON)), *tests, *self._imports.of(tests)}
        own.update(self._beside(own))
        declared = {name for name in self.files if _counts(name, group.depends or ())}
        return sorted(own.intersection(self.files) | declared | self._imports.of(declared, at_once=True))

    def _beside(self, names: Collection[str]) -> Iterable[str]:
        folders = {os.path.dirname(name) for name in names if name.endswith(".py")} - {TESTS.rstrip("/")}
        return (name for folder in folders for name in self._data.get(folder, ()))

    def content(self, name: str) -> str:
        """Return the digest of a file and of whether it can be run; of a link, also where it leads to."""
        if name not in self._contents:
            path = self.root / name
            leads = os.readlink(path) if path.is_symlink() else ""
            within = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            runs = path.is_file() and bool(path.stat().st_mode & stat.S_IXUSR)
            self._contents[name] = f"{within}{runs}{leads}"
        return self._contents[name]


def _is_there(path: pathlib.Path) -> bool:
    return path.is_file() or path.is_symlink()


def unknown_versions(group: Group, versions: Versions) -> list[str]:
    """Return the names of the packages of which the version counts and is not known."""
    found = {kind: versions(kind, packages) for kind, packages in group.installs.items()}
    return sorted(name for of in found.values() for name, version in of.items() if version is None)


def digest(group: Group, checkout: Checkout, versions: Versions) -> str | None:
    """Return the digest of all that a group depends on; None where a version that counts is not known."""
    if unknown_versions(group, versions):
        return None
    installs = {kind: versions(kind, packages) for kind, packages in group.installs.items()}
    files = {name: checkout.content(name) for name in checkout.files_of(group)}
    whole = json.dumps([group.name, files, installs], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def _counts(name: str, depends: Iterable[str]) -> bool:
    """Say whether a group depends on a file; of all paths that it is below, the last one decides."""
    counts = False
    for path in depends:
        if _below(name, (path.removeprefix("!"),)):
            counts = not path.startswith("!")
    return counts


def _below(name: str, paths: Iterable[str]) -> bool:
    return f"{name}/".startswith(tuple(f"{path.rstrip('/')}/" for path in paths))
