# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local playbooks, with what belongs to them, carried from the template into a project that does without it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import archives, beside, needs
from ansible_collections.indigo.paas.plugins.module_utils.download import is_url
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError

DIRECTORY = "external"


def carried(plan: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a plan whose local playbooks are those of a project, and the files for that by relative path.

    Such a playbook is named relative to a "defined_in" below the project's directory DIRECTORY. PaasError when one is
    not there, or is no text.
    """
    with archives.unpacked(plan) as made:
        numbers: dict[Path, int] = {}
        files: dict[str, str] = {}
        for external in archives.externals_of(made):
            for file in [each for each in external.get("files", ()) if not is_url(each["defined_in"] or "")]:
                files |= _carry_file(external, file, numbers)
            if not is_url(external["playbook"]) and not is_url(external["defined_in"] or ""):
                files |= _carry(external, numbers)
        return made, files


def _carry(external: dict[str, Any], numbers: dict[Path, int]) -> dict[str, str]:
    """Let an external implementation name its playbook in the project; return the files of the playbook."""
    playbook = Path(os.path.normpath(Path(external["defined_in"] or "").absolute().parent / external["playbook"]))
    place = f"{DIRECTORY}/{numbers.setdefault(playbook.parent, len(numbers) + 1)}"
    external |= {"playbook": playbook.name, "defined_in": f"{place}/template"}
    return {f"{place}/{name}": _text(path) for name, path in beside.files_of(playbook).items()}


def _carry_file(external: dict[str, Any], file: dict[str, Any], numbers: dict[Path, int]) -> dict[str, str]:
    """Let an artifact lie in the project; one that is not there is left out unless it is needed."""
    directory = Path(os.path.normpath(Path(file["defined_in"] or "").absolute().parent))
    source = directory / os.path.normpath(file["file"])
    if not needs.is_inside(file["file"]) or not source.is_file():
        if file["required"]:
            raise PaasError(f"the file '{file['file']}' that a playbook needs is not there", file=file["defined_in"])
        external["files"].remove(file)
        return {}
    place = f"{DIRECTORY}/{numbers.setdefault(directory, len(numbers) + 1)}"
    file["defined_in"] = f"{place}/template"
    return {f"{place}/{os.path.normpath(file['file'])}": _text(source)}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        hint = "Fetch it by a task of the playbook."
        raise PaasError(
            "this file of a playbook is no text, and cannot be carried", file=str(path), hint=hint
        ) from error
