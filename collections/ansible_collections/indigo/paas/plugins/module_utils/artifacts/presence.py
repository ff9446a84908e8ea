# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks of a plan need and cannot be had, as far as that is known before anything is fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import archives, needs
from ansible_collections.indigo.paas.plugins.module_utils.download import is_url
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError, Problem
from ansible_collections.indigo.paas.plugins.module_utils.tosca import csar


def require(plan: Mapping[str, Any], archive: csar.Archive | None = None, is_file: bool = True) -> None:
    """Raise PaasError with all artifacts that are refused, and all local files that are needed and not there.

    archive: the one in which the template lies. is_file: whether the template is a file; others may lie beside it.
    """
    problems = []
    try:
        needs.runs_of(plan)
    except PaasError as error:
        problems += error.problems
    if archive is None:
        problems += _absent(plan, is_file)
    else:
        problems += archives.missing_members((file, archive) for _name, file in _files(plan))
    if problems:
        raise PaasError(dict.fromkeys(problems))


def _absent(plan: Mapping[str, Any], is_file: bool) -> Iterator[Problem]:
    for name, file in _files(plan):
        path, defined_in = file["file"], file["defined_in"] or ""
        # An absolute path is a playbook's, of which an earlier run may have a copy; such files are refused.
        if not file["required"] or os.path.isabs(path) or is_url(path) or is_url(defined_in):
            continue
        why = _why_absent(os.path.join(os.path.dirname(defined_in), path)) if is_file else _BESIDE_A_TEXT
        if why is not None:
            yield needs.placed(Problem(f"'{path[:200]}' that '{name}' needs {why[0]}", hint=why[1]), file)


_BESIDE_A_TEXT = ("is not there", "Nothing lies beside a template that is one text: give a URL, or make an archive.")


def _why_absent(path: str) -> tuple[str, str] | None:
    """Return what is wrong with a path that should be a file, and what to do; None for a file."""
    if os.path.isdir(path):
        return "is a directory", needs.NAME_FILES
    return None if os.path.isfile(path) else ("is not there", "Put it there, or correct the path.")


def _files(plan: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the playbooks and files of a plan, each with the name of the component that needs it.

    A file that leaves its directory is refused as that, and may be there or not.
    """
    for component in plan["components"]:
        for operation in component["operations"]:
            external = operation.get("external")
            if external:
                yield component["name"], {**external, "file": external["playbook"], "required": True}
                files = (file for file in external.get("files", ()) if needs.is_inside(file["file"]))
                yield from ((component["name"], file) for file in files)
