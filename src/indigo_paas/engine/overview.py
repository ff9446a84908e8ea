# SPDX-License-Identifier: Apache-2.0
"""What is known of deployments, for those who only look. Nothing here waits for a lock or writes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from indigo_paas.engine.work import how_to_resume, looked, require
from indigo_paas.errors import IndigoError
from indigo_paas.ground import lock, status
from indigo_paas.ground.lock import Holder
from indigo_paas.ground.masking import Masker, Public
from indigo_paas.runner.settings import Settings
from indigo_paas.store import INTERRUPTED, RUNNING, Deployment, Job, Looking, Run
from indigo_paas.templates import kept_request


@dataclass(frozen=True)
class View:
    """A deployment as it is now.

    status: of a deployment whose run died, what the next command will find: FAILED.
    interrupted: its last run was cut off. holder: the command that works on it now. job: what the service has to do
    with it, None when it has nothing to do.
    """

    deployment: Deployment
    status: str
    reason: str
    interrupted: bool
    holder: Holder | None
    job: Job | None = None


def views(settings: Settings) -> list[View]:
    """Return all deployments by name."""

    def see(memory: Looking) -> list[View]:
        states = memory.last_states()
        jobs = {job.deployment: job for job in memory.open_jobs()}
        return [_view(settings, row, states.get(row.name), jobs.get(row.name)) for row in memory.deployments()]

    return looked(settings, see)


def view(settings: Settings, name: str) -> View:
    """Return the deployment NAME; raise BadInput when there is none."""

    def see(memory: Looking) -> View:
        jobs = memory.open_jobs(name)
        return _view(settings, require(memory, name), memory.last_states().get(name), jobs[-1] if jobs else None)

    return looked(settings, see)


def runs(settings: Settings, name: str) -> list[Run]:
    """Return the runs of the deployment NAME, the oldest first; raise BadInput when there is none."""

    def see(memory: Looking) -> list[Run]:
        require(memory, name)
        return memory.runs(name)

    return looked(settings, see)


def document(settings: Settings, name: str) -> dict[str, Any]:
    """Return all that is known of the deployment NAME as plain data, secrets masked."""
    seen = view(settings, name)
    files = settings.home.deployment(name)
    history = runs(settings, name)
    row = asdict(seen.deployment)
    try:
        request = kept_request.read(files)
        hidden = Masker(request.inputs, Public(request.inputs))
        asked = {"inputs": hidden.data(request.inputs), "counts": dict(request.counts)}
    except IndigoError:
        asked = {"inputs": {}, "counts": {}}
    return {
        **row,
        **asked,
        "status": seen.status,
        "reason": seen.reason,
        "interrupted": seen.interrupted,
        "working": asdict(seen.holder) if seen.holder else None,
        "job": {"id": seen.job.id, "kind": seen.job.kind, "state": seen.job.state} if seen.job else None,
        "directory": str(files.root),
        "runs": [asdict(run) for run in history],
    }


def _view(settings: Settings, row: Deployment, last: str | None, job: Job | None) -> View:
    file = settings.home.deployment(row.name).lock
    if lock.is_held(file):
        return View(row, row.status, row.reason, False, lock.holder(file), job)
    if job:
        return View(row, row.status, row.reason, False, None, job)
    if status.is_over(row.status) and last not in (INTERRUPTED, RUNNING):
        return View(row, row.status, row.reason, False, None)
    reason = row.reason or f"Its last command was cut off. {how_to_resume(row.name)}"
    now = row.status if status.is_over(row.status) else status.end(row.status, False)
    return View(row, now, reason, True, None)
