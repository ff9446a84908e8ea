# SPDX-License-Identifier: Apache-2.0
"""What is kept of deployments, their runs and their events.

Every function of the store is one transaction and takes and gives plain data. Times are epoch seconds.
"""

from __future__ import annotations

import time
import uuid as uuids
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from indigo_paas.ground.progress import Event, Kind
from indigo_paas.ground.status import ASIDE
from indigo_paas.store.database import Database, file_url
from indigo_paas.store.jobs import Jobs, cancel_open, insert_job
from indigo_paas.store.resources import Resources, insert_resources, mark_resources
from indigo_paas.store.rows import Deployment, Job, Resource, Run
from indigo_paas.store.schema import deployments, events, runs, values
from indigo_paas.store.sealed_tokens import SealedTokens


class Store:
    """The database at URL, as SQLAlchemy writes it (sqlite:///FILE, postgresql+...).

    jobs, resources, tokens: the parts of it that only the service writes.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self.jobs = Jobs(self._database)
        self.resources = Resources(self._database)
        self.tokens = SealedTokens(self._database)

    def close(self) -> None:
        self._database.close()

    def deployments(self) -> list[Deployment]:
        """Return all deployments by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(deployments).order_by(deployments.c.name)).mappings()
            return [Deployment(**row) for row in rows]

    def page(
        self,
        number: int,
        size: int,
        sort: Sequence[tuple[str, bool]],
        owners: Collection[tuple[str, str]] | None = None,
        groups: Collection[tuple[str, str]] = (),
        user_group: str | None = None,
        excluded: Collection[str] = (),
    ) -> tuple[list[Deployment], int]:
        """Return a page of deployments, and how many there are on all of them.

        sort: (column, ascending). owners: (subject, issuer) of those wanted, None for everybody's; those of GROUPS,
        (issuer, group), come in addition. user_group: only those of this group. excluded: not those with one of these
        statuses.
        """
        wanted = _seen_by(owners, groups)
        if user_group is not None:
            wanted = and_(wanted, deployments.c.user_group == user_group)
        if excluded:
            wanted = and_(wanted, deployments.c.status.not_in(excluded))
        order = [deployments.c[name].asc() if ascending else deployments.c[name].desc() for name, ascending in sort]
        query = select(deployments).where(wanted).order_by(*order, deployments.c.name)
        with self._database.reading() as connection:
            total = connection.execute(select(func.count()).select_from(deployments).where(wanted)).scalar_one()
            rows = connection.execute(query.offset(number * size).limit(size)).mappings()
            return [Deployment(**row) for row in rows], total

    def deployment(self, name: str) -> Deployment | None:
        return self._one(deployments.c.name == name)

    def deployment_with_uuid(self, uuid: str) -> Deployment | None:
        return self._one(deployments.c.uuid == uuid)

    def by_status(self) -> dict[str, int]:
        """Return how many deployments there are by their status."""
        with self._database.reading() as connection:
            query = select(deployments.c.status, func.count()).group_by(deployments.c.status)
            return {row[0]: row[1] for row in connection.execute(query)}

    def add_deployment(
        self,
        name: str,
        *,
        status: str,
        template: str,
        description: str,
        site: str | None = None,
        sites: str | None = None,
        uuid: str | None = None,
        job: Job | None = None,
        resources: Iterable[Resource] = (),
        **about: Any,
    ) -> Deployment | None:
        """Add a deployment with the JOB that makes it and its RESOURCES; None where its name or title is taken.

        about: owner_subject, owner_issuer, user_group, title, callback, timeout_mins.
        """
        now = time.time()
        made = Deployment(
            name,
            uuid or str(uuids.uuid4()),
            now,
            now,
            status,
            "",
            site,
            sites,
            template,
            description,
            [],
            {},
            **about,
        )
        try:
            with self._database.writing() as connection:
                connection.execute(insert(deployments).values(**values(made)))
                insert_resources(connection, resources)
                if job:
                    insert_job(connection, job)
        except IntegrityError:
            return None
        return made

    def change_deployment(self, name: str, only: Collection[str] | None = None, **changes: Any) -> bool:
        """Set columns of a deployment, where its status is one of ONLY; say whether there is one. `updated` is now."""
        query = update(deployments).where(deployments.c.name == name)
        if only is not None:
            query = query.where(deployments.c.status.in_(only))
        with self._database.writing() as connection:
            return connection.execute(query.values(updated=time.time(), **changes)).rowcount > 0

    def accept(
        self,
        name: str,
        only: Collection[str],
        changes: Mapping[str, Any],
        job: Job | None = None,
        cancel: str | None = None,
        resources: Iterable[Resource] = (),
        states: Mapping[str, str] | None = None,
    ) -> bool:
        """Set CHANGES of a deployment whose status is one of ONLY, and add the JOB for it; say whether that was so.

        cancel: why its open jobs stop, None where they go on. resources: those to be made. states: of other resources,
        by their uuid.
        """
        query = update(deployments).where(deployments.c.name == name, deployments.c.status.in_(only))
        try:
            with self._database.writing() as connection:
                if not connection.execute(query.values(updated=time.time(), **changes)).rowcount:
                    return False
                if cancel is not None:
                    cancel_open(connection, name, cancel)
                insert_resources(connection, resources)
                mark_resources(connection, states or {})
                if job:
                    insert_job(connection, job)
        except IntegrityError:
            return False
        return True

    def remove_deployment(self, name: str, unless_running: bool = False) -> bool:
        """Remove a deployment with its runs, events and resources; say whether that was done.

        unless_running: only where no job works on it; those that wait are cancelled.
        """
        try:
            with self._database.writing() as connection:
                if unless_running and cancel_open(connection, name, "The deployment was deleted."):
                    raise _StillRuns
                connection.execute(delete(deployments).where(deployments.c.name == name))
        except _StillRuns:
            return False
        return True

    def add_run(self, run: Run) -> None:
        with self._database.writing() as connection:
            connection.execute(insert(runs).values(**values(run)))

    def end_run(self, run_id: str, **changes: Any) -> None:
        """Set what became of a run: state, ended, changed, steps, reason."""
        with self._database.writing() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(**changes))

    def runs(self, deployment: str) -> list[Run]:
        """Return the runs of a deployment, the oldest first."""
        with self._database.reading() as connection:
            query = select(runs).where(runs.c.deployment == deployment).order_by(runs.c.started)
            return [Run(**row) for row in connection.execute(query).mappings()]

    def open_jobs(self, deployment: str | None = None) -> list[Job]:
        return self.jobs.open(deployment)

    def remove_runs(self, before: float, last: int) -> None:
        """Remove the runs that ended BEFORE, with their events, all but the LAST ones of each deployment.

        Those that were to change it are counted by themselves: many checks must not hide what became of it.
        """
        place = func.row_number().over(
            partition_by=[runs.c.deployment, runs.c.command.in_(ASIDE)], order_by=runs.c.started.desc()
        )
        placed = select(runs.c.id, place.label("place")).subquery()
        old = select(placed.c.id).where(placed.c.place > last)
        with self._database.writing() as connection:
            connection.execute(delete(runs).where(runs.c.ended < before, runs.c.id.in_(old)))

    def last_states(self) -> dict[str, str]:
        """Return the state of the last run of each deployment that was to change it, by deployment."""
        with self._database.reading() as connection:
            query = select(runs.c.deployment, runs.c.state).where(runs.c.command.not_in(ASIDE))
            rows = connection.execute(query.order_by(runs.c.started))
            return {row.deployment: row.state for row in rows}

    def add_events(self, deployment: str, run: str, told: Iterable[Event]) -> None:
        rows = [{"deployment": deployment, "run": run, **values(one)} for one in told]
        if rows:
            with self._database.writing() as connection:
                connection.execute(insert(events), rows)

    def events(self, deployment: str, after: int = 0) -> list[tuple[int, Event]]:
        """Return the events of a deployment whose number is greater than AFTER, with their numbers."""
        with self._database.reading() as connection:
            query = select(events).where(events.c.deployment == deployment, events.c.id > after)
            rows = connection.execute(query.order_by(events.c.id)).mappings()
            return [(row["id"], _event(row)) for row in rows]

    def _one(self, wanted: ColumnElement[bool]) -> Deployment | None:
        with self._database.reading() as connection:
            row = connection.execute(select(deployments).where(wanted)).mappings().one_or_none()
            return Deployment(**row) if row else None


class _StillRuns(Exception):
    """What was begun in a transaction is to be undone: a job works on the deployment."""


def open_store(database: Path | str) -> Store:
    """Open the database at a URL, or the SQLite database in a file, which is made if it is missing."""
    return Store(database if isinstance(database, str) else file_url(database))


def _seen_by(owners: Collection[tuple[str, str]] | None, groups: Collection[tuple[str, str]]) -> ColumnElement[bool]:
    if owners is None:
        return deployments.c.name == deployments.c.name
    owned = [
        and_(deployments.c.owner_subject == subject, deployments.c.owner_issuer == issuer) for subject, issuer in owners
    ]
    shared = [and_(deployments.c.owner_issuer == issuer, deployments.c.user_group == group) for issuer, group in groups]
    return or_(*owned, *shared)


def _event(row: RowMapping) -> Event:
    known: Iterator[tuple[str, Any]] = ((key, row[key]) for key in Event.__dataclass_fields__)
    return Event(**{**dict(known), "kind": Kind(row["kind"])})
