# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook beside the template, and the files around it that it may use."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError

# Where Ansible looks for what a playbook names.
DIRECTORIES = ("files", "templates", "tasks", "vars", "roles", "library", "module_utils", "filter_plugins")
MAX_BYTES = 10_000_000
MAX_FILES = 2000
_WORD = re.compile(r"[^\s'\"{}\[\],=:]+")


def files_of(playbook: Path) -> dict[str, Path]:
    """Return a playbook and what belongs to it, by path relative to its directory.

    To it belong the directories beside it in which Ansible looks, and the files beside it that it names. PaasError
    when the playbook is not there, or when all together is too large.
    """
    if not playbook.is_file():
        raise PaasError("there is no such playbook", file=str(playbook))
    found = {playbook.name: playbook}
    size = 0
    for name, path in (*_named(playbook), *_in_directories(playbook.parent)):
        found[name] = path
        size += path.stat().st_size
        if len(found) > MAX_FILES or size > MAX_BYTES:
            limits = f"{MAX_FILES} files and {MAX_BYTES // 1_000_000} MB"
            hint = f"Give it a directory of its own. Its directories {', '.join(DIRECTORIES)} belong to it."
            raise PaasError(f"what belongs to this playbook is more than {limits}", file=str(playbook), hint=hint)
    return found


def _named(playbook: Path) -> Iterator[tuple[str, Path]]:
    text = playbook.read_bytes()[:MAX_BYTES].decode(errors="replace")
    for word in sorted(set(_WORD.findall(text))):
        path = playbook.parent / word
        inside = not word.startswith(("/", ".")) and ".." not in word.split("/") and len(word) < 200
        if inside and path.is_file() and path != playbook:
            yield word, path


def _in_directories(parent: Path) -> Iterator[tuple[str, Path]]:
    for name in DIRECTORIES:
        for directory, names, files in os.walk(parent / name):
            names[:] = [each for each in names if not each.startswith(".") and each != "__pycache__"]
            for file in sorted(files):
                path = Path(directory, file)
                if path.is_file() and not file.startswith("."):
                    yield path.relative_to(parent).as_posix(), path
