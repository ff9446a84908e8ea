# SPDX-License-Identifier: Apache-2.0
"""The jobs of the service: which is the next one, and how one ends."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from indigo_paas.ground import status
from indigo_paas.service import settings
from indigo_paas.service.model import ANONYMOUS
from indigo_paas.service.settings import fair_share
from indigo_paas.store import CANCELLED, FAILED, OK, RUNNING, Deployment, Job, Store

CREATE, UPDATE, DELETE = "create", "update", "delete"
START, STOP = status.START, status.STOP

# The status of a deployment while such a job is open. One without changes no status.
IN_PROGRESS = {
    CREATE: status.CREATE_IN_PROGRESS,
    UPDATE: status.UPDATE_IN_PROGRESS,
    DELETE: status.DELETE_IN_PROGRESS,
}

# Issuer and subject, as jobs have them.
User = tuple[str, str]

DELETED = "The deployment is to be deleted."
GIVEN_UP = "The deletion was given up."

# Who asks without a token is on this machine, and mostly alone: he keeps no worker for others.
_ALONE = ANONYMOUS.issuer, ANONYMOUS.subject


def next_job(waiting: Sequence[Job], running: Sequence[Job], host: str, limits: settings.Jobs) -> Job | None:
    """Return the job that HOST does next, None where all have to wait.

    It is one of the user who has the fewest that run, and of these the oldest; of one deployment, jobs are done one
    after another in the order in which they were asked for. Those that only wait until nodes have no work stand beside
    the workers, up to `limits.draining` on each host. Where nothing is said of `limits.per_user`, no user gets all the
    workers of a host, or all that `limits.limit` allows; one who holds a worker gets no other host's only one. Pure.
    """
    working = _working(running, limits.draining)
    here = Counter(job.user for job in working if job.host == host)
    everywhere = Counter(job.user for job in working)
    if _held(here, limits.workers, limits) >= limits.workers:
        return None
    if limits.limit and _held(everywhere, limits.limit, limits) >= limits.limit:
        return None
    load = Counter(job.user for job in running)

    def may_begin(user: User) -> bool:
        if limits.per_user is not None:
            return not limits.per_user or load[user] < limits.per_user
        if user == _ALONE or not everywhere[user]:
            return True
        return here[user] < limits.workers - 1 and (not limits.limit or everywhere[user] < limits.limit - 1)

    ready = [job for job in _first(waiting, running) if may_begin(job.user)]
    return min(ready, key=lambda job: (load[job.user], job.created, job.id), default=None)


def _held(load: Mapping[User, int], workers: int, limits: settings.Jobs) -> int:
    """Return how many of so many WORKERS are held. LOAD: the jobs of each user.

    Of one user no more count than he may begin: where several of his go on at once whose nodes have drained, that is
    to keep nobody else waiting.
    """
    if limits.per_user is not None:
        return sum(load.values())
    return sum(number if user == _ALONE else min(number, fair_share(workers)) for user, number in load.items())


def _working(running: Sequence[Job], draining: int) -> list[Job]:
    """Return RUNNING without those that drain, of which there may be so many beside the others on each host.

    The places beside them go round among the users: many that drain of one take no worker for those of another.
    """
    drain: dict[tuple[str | None, User], list[Job]] = {}
    for job in sorted(running, key=lambda job: job.id):
        if job.draining:
            drain.setdefault((job.host, job.user), []).append(job)
    rounds = [(turn, job) for jobs in drain.values() for turn, job in enumerate(jobs)]
    beside: dict[str | None, set[int]] = {}
    for _turn, job in sorted(rounds, key=lambda each: (each[0], each[1].id)):
        places = beside.setdefault(job.host, set())
        if len(places) < draining:
            places.add(job.id)
    return [job for job in running if job.id not in beside.get(job.host, ())]


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
        elif late := why_late(job, self.limits):
            self.conclude(job, late)
        elif job.starts >= self.limits.starts:
            told = f"Its process died {job.starts} times, the last one on {job.host}: see the log of job {job.id}."
            self.conclude(job, told)
        else:
            return self.store.jobs.requeue(job)
        return False

    def expire(self, job: Job) -> None:
        """End JOB, which waits, when its time is over."""
        if late := why_late(job, self.limits):
            self.conclude(job, late)


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


def why_late(job: Job, limits: settings.Jobs) -> str:
    """Return why JOB ends because its time is over, "" while it is not."""
    if job.deadline is not None and time.time() > job.deadline:
        minutes = (job.deadline - job.created) / 60
        return f"It was not done within {minutes:g} minutes, the timeout of the deployment."
    if limits.timeout_mins and _at_work(job) > 60 * limits.timeout_mins:
        return f"It was not done after {limits.timeout_mins:g} minutes at work, the timeout of the service."
    return ""


def _at_work(job: Job) -> float:
    """Return for how many seconds a process was at work on JOB, not counting those in which it waits for nodes.

    Until its last sign of life: when its host is gone, nobody works on it.
    """
    if job.state != RUNNING or job.draining or job.started is None:
        return 0.0
    return (job.heartbeat or job.started) - job.started
