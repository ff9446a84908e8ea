# SPDX-License-Identifier: Apache-2.0
"""What a job of AWX is told: its extra variables.

AWX knows nothing of the deployment's inventory source, so that all of it travels: the playbook indigo.paas.request sets
what the plugin indigo.paas.deployment would set.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import fields
from pathlib import Path, PurePosixPath
from typing import Any

from indigo_paas.ground.paths import DeploymentFiles, write_private
from indigo_paas.runner.job import Job
from indigo_paas.templates import collection, kept_request
from indigo_paas.templates.kept_request import Request

_NAME, _MARK, _RUN = "paas_name", "paas_mark", "paas_run"


def extra_variables(job: Job, mark: str) -> dict[str, str]:
    """Return the extra variables of JOB; MARK tells the jobs of its deployment from those of others."""
    request = kept_request.read(job.files)
    files = _files(job.files, request)
    template = str(PurePosixPath(*Path(request.template).parts[2:]))
    told = collection.hand_over({**_variables(request), **job.variables}, files, template if template in files else "")
    return {_NAME: request.name, _MARK: mark, _RUN: job.run, "paas_request": told}


def mark_of(files: DeploymentFiles) -> str:
    """Return the mark of the deployment in FILES, made at random the first time."""
    if not files.mark.exists():
        write_private(files.mark, secrets.token_hex(16))
    return files.mark.read_text()


def is_of(made: dict[str, Any], name: str, mark: str) -> bool:
    """Say whether the job MADE, as AWX describes it, is one of the deployment NAME with MARK."""
    told = _extra_variables(made)
    return told.get(_NAME) == name and told.get(_MARK) == mark


def is_run(made: dict[str, Any], run: str, mark: str) -> bool:
    """Say whether the job MADE is that of RUN of the deployment with MARK."""
    told = _extra_variables(made)
    return told.get(_RUN) == run and told.get(_MARK) == mark


def _extra_variables(made: dict[str, Any]) -> dict[str, Any]:
    try:
        told = json.loads(made.get("extra_vars") or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _variables(request: Request) -> dict[str, Any]:
    """Return what the inventory plugin sets; it names its variables after its options."""
    given = (one.name for one in fields(request) if one.name != "template")
    return {f"paas_{name}": getattr(request, name) for name in given}


def _files(files: DeploymentFiles, request: Request) -> dict[str, bytes]:
    """Return the kept files of the template; none where it was lost, which only destroy can do without."""
    place = files.template / kept_request.kept_digest(request)
    found = (path for path in place.rglob("*") if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in sorted(found)}
