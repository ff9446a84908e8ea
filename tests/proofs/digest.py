# SPDX-License-Identifier: Apache-2.0
"""The digest of what a group depends on: files of the checkout, and versions of what its tests install."""

from __future__ import annotations

import functools
import hashlib
import json
import pathlib
import stat
import subprocess
from collections.abc import Callable, Iterable

from .groups import Group
from .imports import imported

# What every test reads.
COMMON = ("conftest.py",)

# Of a suite ("python", or Debian's name of one) and packages: their versions by name, None for one that is unknown.
Versions = Callable[[str, tuple[str, ...]], "dict[str, str | None]"]


class Checkout:
    """The files of a checkout and their contents."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self._contents: dict[str, str] = {}
        self._of_groups: dict[Group, list[str]] = {}

    @functools.cached_property
    def files(self) -> list[str]:
        """All files that git tracks or would, by their paths from the root."""
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=self.root, capture_output=True, check=True, text=True).stdout
        return sorted({name for name in listed.split("\0") if name and (self.root / name).is_file()})

    def files_of(self, group: Group) -> list[str]:
        """Return what the group depends on, sorted; the files of its tests and what they import are among it."""
        if group not in self._of_groups:
            self._of_groups[group] = self._find_files_of(group)
        return self._of_groups[group]

    def _find_files_of(self, group: Group) -> list[str]:
        tests = [name for name in self.files if _below(name, group.files)]
        own = {*COMMON, *tests, *imported(self.root, tests)}
        return [name for name in self.files if name in own or _counts(name, group.depends or ())]

    def content(self, name: str) -> str:
        """Return the digest of a file and of whether it can be run."""
        if name not in self._contents:
            path = self.root / name
            runs = bool(path.stat().st_mode & stat.S_IXUSR)
            self._contents[name] = hashlib.sha256(path.read_bytes()).hexdigest() + str(runs)
        return self._contents[name]


def digest(group: Group, checkout: Checkout, versions: Versions) -> str | None:
    """Return the digest of all that a group depends on; None where a version that counts is not known."""
    installs = {kind: versions(kind, packages) for kind, packages in group.installs.items()}
    if any(version is None for found in installs.values() for version in found.values()):
        return None
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
    return any(name == path or name.startswith(path.rstrip("/") + "/") for path in paths)
