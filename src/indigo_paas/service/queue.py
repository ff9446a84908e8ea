# SPDX-License-Identifier: Apache-2.0
"""The jobs of the service: which is the next one, and how one ends."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections import Counter
from collections.abc import Sequence

from indigo_paas import status
from indigo_paas.service import settings
from indigo_paas.store import CANCELLED, FAILED, OK, Deployment, Job, Store

CREATE, UPDATE, DELETE = "create", "update", "delete"
START, STOP = status.START, status.STOP

# The status of a deployment while such a job is open. One without changes no status.
IN_PROGRESS = {
    CREATE: status.CREATE_IN_PROGRESS,
    UPDATE: status.UPDATE_IN_PROGRESS,
    DELETE: status.DELETE_IN_PROGRESS,
}

DELETED = "The deployment is to be deleted."
GIVEN_UP = "The deletion was given up."


def next_job(waiting: Sequence[Job], running: Sequence[Job], host: str, limits: settings.Jobs) -> Job | None:
    """Return the job that HOST does next, None where all have to wait.

    It is one of the user who has the fewest that run, and of these the oldest; of one deployment, jobs are done one
    after another in the order in which they were asked for. Those that only wait until nodes have no work stand beside
    the workers, up to `limits.draining` on each host. Pure.
    """
    working = _working(running, limits.draining)
    if sum(job.host == host for job in working) >= limits.workers:
        return None
    if limits.limit and len(working) >= limits.limit:
        return None
    load = Counter(job.user for job in running)
    ready = [job for job in _first(waiting, running) if not limits.per_user or load[job.user] < limits.per_user]
    return min(ready, key=lambda job: (load[job.user], job.created, job.id), default=None)


def _working(running: Sequence[Job], draining: int) -> list[Job]:
    """Return RUNNING without those that drain, of which there may be so many beside the others on each host."""
    beside: Counter[str | None] = Counter()
    working = []
    for job in sorted(running, key=lambda job: job.id):
        if job.draining and beside[job.host] < draining:
            beside[job.host] += 1
        else:
            working.append(job)
    return working


def _first(waiting: Sequence[Job], running: Sequence[Job]) -> list[Job]:
    """Return the first job of each deployment on which none works."""
    first: dict[str, Job] = {}
    for job in sorted(waiting, key=lambda job: job.id):
        first.setdefault(job.deployment, job)
    busy = {job.deployment for job in running}
    return [job for job in first.values() if job.deployment not in busy]


class Queue:
    """The jobs in STORE, as this host sees them. host: its name, one for all processes that see each other's pids."""

    def __init__(self, store: Store, limits: settings.Jobs, host: str | None = None) -> None:
        self.store = store
        self.limits = limits
        self.host = host or socket.gethostname()

    def claim(self) -> Job | None:
        """Make the next job one of this host that runs, and return it; None where there is none."""

        def choose(waiting: Sequence[Job], running: Sequence[Job]) -> Job | None:
            return next_job(waiting, running, self.host, self.limits)

        return self.store.jobs.claim(choose, self.host)

    def conclude(self, job: Job, reason: str) -> None:
        """End JOB without success for REASON, and what its deployment waits for with it.

        Where something else is asked of the deployment meanwhile, the job counts as cancelled.
        """
        failed = fail(self.store, job, reason)
        end(self.store, job, FAILED if failed else CANCELLED, reason)

    def lost(self, job: Job) -> bool:
        """See to JOB whose process is gone; say whether it waits again, as long as it was not started too often."""
        if job.cancel is not None:
            self.conclude(job, job.cancel)
        elif is_late(job):
            self.conclude(job, too_long(job))
        elif job.starts >= self.limits.starts:
            told = f"Its process died {job.starts} times, the last one on {job.host}: see the log of job {job.id}."
            self.conclude(job, told)
        else:
            return self.store.jobs.requeue(job)
        return False

    def expire(self, job: Job) -> None:
        """End JOB, which waits, when its time is over."""
        if is_late(job):
            self.conclude(job, too_long(job))


def end(store: Store, job: Job, state: str, reason: str = "") -> None:
    """End JOB; where its deployment has a callback and is at rest, it is owed to be told how that is."""
    row = store.deployment(job.deployment)
    if row is None:
        # A deletion has said before what is owed when it is done.
        store.jobs.end(job, state, reason)
        return
    is_told = row.callback is not None and status.is_over(row.status) and job.kind not in status.ASIDE
    store.jobs.end(job, state, reason, owed=dataclasses.asdict(row) if is_told else None)


def owe_deletion(store: Store, job: Job, row: Deployment) -> None:
    """Note what is owed when JOB is done, which deletes ROW: from then on nobody knows of it."""
    if row.callback is not None:
        gone = dataclasses.replace(row, status=status.DELETE_COMPLETE, reason="", task=status.NONE)
        store.jobs.owe(job, dataclasses.asdict(gone))


def fail(store: Store, job: Job, reason: str) -> bool:
    """Let the deployment of JOB have failed for REASON, where it still waits for it; say whether it did."""
    doing = IN_PROGRESS.get(job.kind)
    if doing is None:
        return store.deployment(job.deployment) is not None
    changes = {"status": status.end(doing, False), "reason": reason, "task": status.NONE}
    return store.change_deployment(job.deployment, only=[doing], **changes)


def state_of(job: Job, row: Deployment | None) -> str | None:
    """Return the state in which JOB ended, from the deployment ROW that it left; None where it has yet to be done."""
    doing = IN_PROGRESS.get(job.kind)
    if row is None:
        return OK if job.kind == DELETE else CANCELLED
    if doing is None or row.status == doing:
        return None
    ended = {status.end(doing, True): OK, status.end(doing, False): FAILED}
    return ended.get(row.status, CANCELLED)


def is_late(job: Job) -> bool:
    """Say whether the time of JOB is over."""
    return job.deadline is not None and time.time() > job.deadline


def too_long(job: Job) -> str:
    """Return why a job that is late ends."""
    minutes = ((job.deadline or job.created) - job.created) / 60
    return f"It was not done within {minutes:g} minutes, the timeout of the deployment."
