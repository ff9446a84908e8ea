# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and directories that come into place in one step, so that a kill leaves nothing half."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

_DRAFT = ".draft-"
# After this many seconds nobody works on a draft any more.
_STALE = 3600
# What Ansible and Python leave in a directory that they use, and what differs between two copies of one version.
_UNCOUNTED = {"__pycache__", ".git", ".galaxy_install_info"}


@contextlib.contextmanager
def draft(root: Path) -> Iterator[Path]:
    """Make a private directory below `root` for work in progress, and remove what is left of it after."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_stale(root)
    made = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=root))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def put(made: Path, place: Path, root: Path) -> None:
    """Move a file or directory to its place, in the stead of what is there; both are below `root`."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if made.is_dir() and place.is_dir() and not place.is_symlink():
        with draft(root) as trash:
            place.replace(trash / "old")
            made.replace(place)
    else:
        made.replace(place)


def copy(source: Path, place: Path, root: Path) -> None:
    """Copy a file or directory to its place below `root`."""
    with draft(root) as made:
        copied = made / "new"
        if source.is_dir():
            shutil.copytree(source, copied, symlinks=True, ignore=shutil.ignore_patterns(*_UNCOUNTED))
        else:
            shutil.copyfile(source, copied)
        put(copied, place, root)


def write(place: Path, files: Mapping[str, bytes], root: Path) -> bool:
    """Make the directory `place` hold just `files`, by relative path; say whether that changed it."""
    if place.is_dir() and read(place) == dict(files):
        return False
    with draft(root) as made:
        for name, data in files.items():
            path = made / "new" / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(data)
        put(made / "new", place, root)
    return True


def read(place: Path) -> dict[str, bytes]:
    """Return the files of a directory by their relative paths."""
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in _files(place)}


def digest(place: Path) -> str:
    """Return the SHA-256 of a file, or of all files of a directory with their relative paths."""
    if place.is_file():
        return hashlib.sha256(place.read_bytes()).hexdigest()
    listing = [f"{path.relative_to(place).as_posix()}\0{_content(path)}" for path in _files(place)]
    return hashlib.sha256("\n".join(listing).encode(errors="surrogateescape")).hexdigest()


def _content(path: Path) -> str:
    data = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
    return hashlib.sha256(data).hexdigest()


def _files(place: Path) -> list[Path]:
    found = []
    for directory, names, files in os.walk(place):
        names[:] = [name for name in names if name not in _UNCOUNTED]
        links = [name for name in names if os.path.islink(os.path.join(directory, name))]
        found += [Path(directory, name) for name in [*files, *links] if name not in _UNCOUNTED]
    return sorted(found)


def _remove_stale(root: Path) -> None:
    for old in root.glob(f"{_DRAFT}*"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > _STALE:
                shutil.rmtree(old, ignore_errors=True)
