# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks in a cloud service archive: the archive is unpacked, and they are playbooks beside their template."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import needs, tree
from ansible_collections.indigo.paas.plugins.module_utils.download import is_url
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError, Problem
from ansible_collections.indigo.paas.plugins.module_utils.tosca import csar

DIRECTORY = "archives"
_DIGEST = 16


@contextlib.contextmanager
def unpacked(plan: Mapping[str, Any], directory: Path | None = None) -> Iterator[dict[str, Any]]:
    """Give a copy of a plan whose playbooks lie in no archive.

    Archives are unpacked below `directory`; without one, into a directory that is gone after. PaasError for an archive
    that cannot be read.
    """
    made = copy.deepcopy(dict(plan))
    inside = [(each, path) for each in externals_of(made) if (path := _archive_of(each["defined_in"])) is not None]
    files = [each for external in externals_of(made) for each in external.get("files", ())]
    packed = [(each, path) for each in files if (path := _archive_of(each["defined_in"])) is not None]
    if not inside and not packed:
        yield made
        return
    with tempfile.TemporaryDirectory() as passing:
        top = (directory or Path(passing)) / DIRECTORY
        opened = {path: _unpack(path, top) for path in dict.fromkeys(path for _each, path in (*inside, *packed))}
        problems = missing_members((each, opened[path][0]) for each, path in packed)
        if problems:
            raise PaasError(dict.fromkeys(problems))
        for external, path in inside:
            _lead_out(external, path, *opened[path])
        for file, path in packed:
            _lead_file_out(file, path, *opened[path])
        for former in set(top.glob("*")) - {place for _archive, place in opened.values()}:
            shutil.rmtree(former)
        yield made


def missing_members(files: Iterable[tuple[Mapping[str, Any], csar.Archive]]) -> list[Problem]:
    """Return a problem for each file of an external operation that is needed and is not in its archive."""
    return [
        needs.placed(
            Problem(
                f"the file '{file['file'][:200]}' that a playbook needs is not in the archive",
                hint="Add it, beside the file that names it or by its path from the top of the archive.",
            ),
            file,
        )
        for file, archive in files
        if file["required"] and _is_member(file) and archive.member(file["file"], file["defined_in"]) is None
    ]


def _is_member(file: Mapping[str, Any]) -> bool:
    """Say whether a file can only be in the archive; a path that leaves it is refused as that."""
    return needs.is_inside(file["file"]) and not is_url(file["file"]) and not is_url(file["defined_in"] or "")


def externals_of(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what each external operation of a plan runs."""
    operations = (operation for component in plan["components"] for operation in component["operations"])
    return (operation["external"] for operation in operations if operation.get("external"))


def _archive_of(defined_in: str | None) -> Path | None:
    """Return the archive in which a file of the template lies, None when it lies in none."""
    if not defined_in or is_url(defined_in):
        return None
    path = next((parent for parent in Path(defined_in).parents if parent.is_file()), None)
    return path if path is not None and csar.is_archive_file(str(path)) else None


def _unpack(path: Path, top: Path) -> tuple[csar.Archive, Path]:
    """Return an archive, and the directory below `top` that holds its files."""
    data = csar.read_archive(str(path))
    archive = csar.Archive(data, str(path))
    place = top / hashlib.sha256(data).hexdigest()[:_DIGEST]
    if not place.exists():
        tree.write(place, archive.files(), top.parent)
    return archive, place


def _lead_out(external: dict[str, Any], path: Path, archive: csar.Archive, place: Path) -> None:
    """Let an external implementation name its playbook where its archive is unpacked."""
    importer = external["defined_in"]
    member = None if is_url(external["playbook"]) else archive.member(external["playbook"], importer)
    external["defined_in"] = str(place / os.path.relpath(importer, path))
    if member is not None:
        external["playbook"] = os.path.relpath(place / member, os.path.dirname(external["defined_in"]))


def _lead_file_out(file: dict[str, Any], path: Path, archive: csar.Archive, place: Path) -> None:
    """Let an artifact be where its archive is unpacked: beside the file that names it, or else at the top."""
    beside = place / os.path.relpath(file["defined_in"], path)
    member = archive.member(file["file"], file["defined_in"])
    at_top = member is not None and member == os.path.normpath(file["file"])
    is_beside = (beside.parent / file["file"]).is_file()
    file["defined_in"] = str(place / beside.name if at_top and not is_beside else beside)
