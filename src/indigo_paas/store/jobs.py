# SPDX-License-Identifier: Apache-2.0
"""What is kept of jobs. Which of them is next is said by whoever claims one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from indigo_paas.store.database import Database
from indigo_paas.store.rows import CANCELLED, OPEN, QUEUED, RUNNING, Job
from indigo_paas.store.schema import jobs, past_jobs, values

# Of the jobs that wait, and of those that run: the next one, None where all have to wait.
Choice = Callable[[Sequence[Job], Sequence[Job]], Job | None]

# Any number that nobody else uses for PostgreSQL's advisory locks.
_CLAIMING = 0x1D161


class Jobs:
    """The jobs of the service; each function is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job: Job) -> int:
        """Add a job, and return its number."""
        with self._database.writing() as connection:
            return insert_job(connection, job)

    def job(self, number: int) -> Job | None:
        found = self._all(select(jobs).where(jobs.c.id == number))
        return found[0] if found else None

    def open(self, deployment: str | None = None) -> list[Job]:
        """Return the jobs that wait or run, the oldest first: all of them, or those of one deployment."""
        query = select(jobs).where(jobs.c.state.in_(OPEN)).order_by(jobs.c.id)
        return self._all(query if deployment is None else query.where(jobs.c.deployment == deployment))

    def of(self, deployment: str) -> list[Job]:
        """Return all jobs that a deployment ever had, the oldest first."""
        return self._all(select(jobs).where(jobs.c.deployment == deployment).order_by(jobs.c.id))

    def open_of_user(self, subject: str, issuer: str) -> int:
        """Return how many jobs of a user wait or run."""
        query = (
            select(func.count())
            .select_from(jobs)
            .where(jobs.c.state.in_(OPEN), jobs.c.subject == subject, jobs.c.issuer == issuer)
        )
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def claim(self, choose: Choice, host: str) -> Job | None:
        """Make the job that CHOOSE says one of HOST that runs, and return it; None where there is none to do now.

        Of several processes that claim at once, one gets a job.
        """
        try:
            with self._database.writing() as connection:
                if not self._database.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _CLAIMING})
                # One that somebody is about to cancel is passed over.
                waiting = _jobs(connection, _in(QUEUED).with_for_update(skip_locked=True))
                chosen = choose(waiting, _jobs(connection, _in(RUNNING)))
                if chosen is None:
                    return None
                now = time.time()
                return _changed(
                    connection,
                    jobs.c.id == chosen.id,
                    state=RUNNING,
                    started=now,
                    heartbeat=now,
                    host=host,
                    pid=None,
                    pid_started=None,
                    draining=False,
                    starts=chosen.starts + 1,
                )
        except IntegrityError:
            return None

    def begin(self, number: int, start: int, pid: int, pid_started: float) -> Job | None:
        """Note the process that does a job at its START (counted from 1); None where that is not its turn."""
        wanted = (jobs.c.id == number) & (jobs.c.state == RUNNING) & (jobs.c.starts == start) & jobs.c.pid.is_(None)
        with self._database.writing() as connection:
            return _changed(connection, wanted, pid=pid, pid_started=pid_started, heartbeat=time.time())

    def beat(self, number: int, start: int) -> Job | None:
        """Give a sign of life of a job, and return how it is; None where it is not this process's any more."""
        wanted = (jobs.c.id == number) & (jobs.c.state == RUNNING) & (jobs.c.starts == start)
        with self._database.writing() as connection:
            return _changed(connection, wanted, heartbeat=time.time())

    def end(self, job: Job, state: str, reason: str = "", **more: Any) -> bool:
        """End JOB, which must be open and at the same start as it is in JOB; say whether it was.

        more: of the job, what else changes with that.
        """
        changes = {"state": state, "reason": reason, "ended": time.time(), **more}
        with self._database.writing() as connection:
            return _changed(connection, _still(job), **changes) is not None

    def owe(self, job: Job, owed: Mapping[str, Any]) -> None:
        """Note what is to be told when JOB is over, which must be at the same start."""
        with self._database.writing() as connection:
            _changed(connection, _still(job), owed=dict(owed))

    def owing(self) -> list[Job]:
        """Return the jobs that are over, the oldest first, whose callback is to be told and is not being told."""
        wanted = (jobs.c.owed.is_not(None), jobs.c.ended.is_not(None), jobs.c.telling <= time.time())
        return self._all(select(jobs).where(*wanted).order_by(jobs.c.id))

    def begin_telling(self, number: int, until: float) -> bool:
        """Let the caller alone tell UNTIL then what a job owes; say whether nobody else does."""
        wanted = (jobs.c.id == number) & jobs.c.owed.is_not(None) & (jobs.c.telling <= time.time())
        with self._database.writing() as connection:
            return _changed(connection, wanted, telling=until) is not None

    def owes_nothing(self, number: int) -> None:
        """Note that a job owes nothing any more."""
        with self._database.writing() as connection:
            _changed(connection, jobs.c.id == number, owed=None)

    def set_draining(self, job: Job, draining: bool) -> None:
        """Note whether JOB, which must be at the same start, only waits until nodes have no work.

        Its work begins when it does not any more: the time before was that of others.
        """
        begins = {} if draining else {"started": time.time()}
        with self._database.writing() as connection:
            _changed(connection, _still(job), draining=draining, **begins)

    def requeue(self, job: Job, counted: bool = True) -> bool:
        """Let JOB wait again, with its start COUNTED or not; say whether it was still at the same start."""
        starts = job.starts if counted else job.starts - 1
        with self._database.writing() as connection:
            return _changed(connection, _still(job), state=QUEUED, host=None, pid=None, starts=starts) is not None

    def cancel(self, job: Job, reason: str) -> None:
        """Tell JOB to stop for REASON, where nothing told it before."""
        with self._database.writing() as connection:
            _changed(connection, _still(job) & jobs.c.cancel.is_(None), cancel=reason)

    def counts(self) -> dict[str, int]:
        """Return how many jobs there are by their state."""
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(_COUNTED)}

    def durations(self) -> dict[tuple[str, str], tuple[int, float]]:
        """Return how many jobs have ever ended, and how many seconds they took in all, by (kind, state)."""
        with self._database.reading() as connection:
            return _sums(connection, jobs.c.ended.is_not(None))

    def remove_ended(self, before: float) -> None:
        """Remove the jobs that ended BEFORE, all but the last one, whose number counts on; `durations` stays."""
        newest = select(func.max(jobs.c.id)).scalar_subquery()
        old = and_(jobs.c.ended.is_not(None), jobs.c.ended < before, jobs.c.id < newest)
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _CLAIMING})
            sums = _sums(connection, old)
            connection.execute(delete(past_jobs))
            for (kind, state), (number, seconds) in sums.items():
                connection.execute(insert(past_jobs).values(kind=kind, state=state, number=number, seconds=seconds))
            connection.execute(delete(jobs).where(old))

    def _all(self, query: Select[Any]) -> list[Job]:
        with self._database.reading() as connection:
            return _jobs(connection, query)


def _sums(connection: Connection, wanted: ColumnElement[bool]) -> dict[tuple[str, str], tuple[int, float]]:
    """Return how many jobs there were by (kind, state), and their seconds: of those that are gone and those WANTED."""
    took = func.coalesce(jobs.c.ended - func.coalesce(jobs.c.started, jobs.c.ended), 0.0)
    # One statement, so that no job is seen in both or in neither.
    counted = union_all(
        select(past_jobs), select(jobs.c.kind, jobs.c.state, literal(1).label("number"), took).where(wanted)
    ).subquery()
    kind, state, number, seconds = counted.c
    query = select(kind, state, func.sum(number), func.sum(seconds)).group_by(kind, state)
    return {(row[0], row[1]): (row[2], row[3]) for row in connection.execute(query)}


_COUNTED = select(jobs.c.state, func.count()).group_by(jobs.c.state)


def insert_job(connection: Connection, job: Job) -> int:
    """Add JOB in the transaction of CONNECTION, and return its number."""
    row = {name: value for name, value in values(job).items() if name != "id"}
    row["created"] = row["created"] or time.time()
    number: int = connection.execute(insert(jobs).values(**row).returning(jobs.c.id)).scalar_one()
    return number


def cancel_open(connection: Connection, deployment: str, reason: str) -> int:
    """End the jobs of a deployment that wait, tell those that run to stop, and return how many run."""
    mine = jobs.c.deployment == deployment
    waiting = update(jobs).where(mine, jobs.c.state == QUEUED)
    connection.execute(waiting.values(state=CANCELLED, cancel=reason, reason=reason, ended=time.time()))
    return connection.execute(update(jobs).where(mine, jobs.c.state == RUNNING).values(cancel=reason)).rowcount


def _in(state: str) -> Select[Any]:
    return select(jobs).where(jobs.c.state == state).order_by(jobs.c.id)


def _still(job: Job) -> ColumnElement[bool]:
    return (jobs.c.id == job.id) & jobs.c.state.in_(OPEN) & (jobs.c.starts == job.starts)


def _changed(connection: Connection, wanted: ColumnElement[bool], **changes: Any) -> Job | None:
    row: Row[Any] | None = connection.execute(
        update(jobs).where(wanted).values(**changes).returning(jobs)
    ).one_or_none()
    return Job(**row._mapping) if row else None


def _jobs(connection: Connection, query: Select[Any]) -> list[Job]:
    return [Job(**row) for row in connection.execute(query).mappings()]
