# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment shall be, written by one program and read by another: one text of plain ASCII without any Jinja."""

from __future__ import annotations

import base64
import binascii
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError

FORMAT = 1
PREFIX = "paas_"

# More than any template has, and less than what would fill a disk.
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class Handover:
    """What is handed over.

    variables: those of the playbooks, by name, without that of the template. files: the template and the files that it
    needs, bytes by path, with / between its parts. template: the path of the template among them, "" without one.
    """

    variables: Mapping[str, Any]
    files: Mapping[str, bytes]
    template: str = ""


def pack(given: Handover) -> str:
    """Return what is GIVEN as one text."""
    document = {
        "format": FORMAT,
        "variables": dict(given.variables),
        "files": {path: base64.b64encode(data).decode() for path, data in given.files.items()},
        "template": given.template,
    }
    return base64.b64encode(zlib.compress(json.dumps(document).encode())).decode()


def unpack(text: str) -> Handover:
    """Return what `pack` made TEXT of; raise PaasError where it was made by something else."""
    document = _document(text)
    if document.get("format") != FORMAT:
        raise PaasError(
            f"the request has the format {document.get('format')!r}, and this collection reads {FORMAT}",
            hint="Install the collection indigo.paas in the version of the service that sent it.",
        )
    try:
        variables, files, template = document["variables"], document["files"], document["template"]
        given = Handover(dict(variables.items()), {path: _bytes(files[path]) for path in files}, template)
        _require_own(given)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(error) from error
    return given


def write(given: Handover, directory: str) -> str:
    """Write the files of what is GIVEN below DIRECTORY, for its owner only; return the path of the template there.

    Without a template, "". Raises PaasError where they cannot be written.
    """
    try:
        for path, data in given.files.items():
            place = Path(directory, path)
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
    except OSError as error:
        raise PaasError(f"{error.filename} cannot be written: {error.strerror}") from error
    return str(Path(directory, given.template)) if given.template else ""


def _document(text: str) -> dict[str, Any]:
    try:
        reader = zlib.decompressobj()
        data = reader.decompress(base64.b64decode(text, validate=True), _LARGEST)
        document = json.loads(data)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise _unreadable(error) from error
    if not isinstance(document, dict):
        raise _unreadable("it is no mapping")
    return document


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _require_own(given: Handover) -> None:
    for name in given.variables:
        if not (name.startswith(PREFIX) and name.isidentifier()):
            raise ValueError(f"{name!r} is no variable of the playbooks")
    for path in given.files:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\0" in path:
            raise ValueError(f"{path!r} lies elsewhere")
    if given.template and given.template not in given.files:
        raise ValueError("its template is missing")


def _unreadable(why: object) -> PaasError:
    return PaasError(
        f"the request cannot be read: {why}",
        hint="It is what the service makes of a deployment, in one piece: do not write it by hand.",
    )
