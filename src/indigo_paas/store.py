# SPDX-License-Identifier: Apache-2.0
"""The memory of deployments, their runs and their events: an SQL database, SQLite by default.

Every function of the store is one transaction and takes and gives plain data. Times are epoch seconds.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex, CreateTable

from indigo_paas.errors import IndigoError
from indigo_paas.progress import Event, Kind

VERSION = 1

# How long a command waits for another one's transaction (milliseconds): they are all short.
_BUSY_TIMEOUT = 15_000

RUNNING, OK, FAILED, INTERRUPTED = "running", "ok", "failed", "interrupted"

_metadata = MetaData()

_schema = Table("schema", _metadata, Column("version", Integer, nullable=False))

_deployments = Table(
    "deployments",
    _metadata,
    Column("name", String(40), primary_key=True),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Column("status", String(30), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("site", Text),
    Column("sites", Text),
    Column("template", Text, nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("nodes", JSON, nullable=False),
    Column("outputs", JSON, nullable=False),
)

_runs = Table(
    "runs",
    _metadata,
    Column("id", String(30), primary_key=True),
    Column("deployment", ForeignKey("deployments.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("command", String(20), nullable=False),
    Column("started", Float, nullable=False),
    Column("ended", Float),
    Column("state", String(20), nullable=False),
    Column("changed", Integer, nullable=False, default=0),
    Column("steps", JSON, nullable=False),
    Column("reason", Text, nullable=False, default=""),
)

_events = Table(
    "events",
    _metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("deployment", ForeignKey("deployments.name", ondelete="CASCADE"), nullable=False),
    Column("run", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("time", Float, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("step", Text),
    Column("task", Text),
    Column("node", Text),
    Column("text", Text, nullable=False, default=""),
    Column("seconds", Float),
    Index("events_of_deployment", "deployment", "id"),
)


@dataclass(frozen=True)
class Deployment:
    """A deployment as it was when its last run ended.

    sites: path of the sites' inventory, None for the default one. nodes: Node dicts as the site gives them.
    """

    name: str
    uuid: str
    created: float
    updated: float
    status: str
    reason: str
    site: str | None
    sites: str | None
    template: str
    description: str
    nodes: list[dict[str, Any]]
    outputs: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One run of a playbook. state: running, ok, failed or interrupted. steps: [{"name", "seconds"}]."""

    id: str
    deployment: str
    command: str
    started: float
    ended: float | None = None
    state: str = RUNNING
    changed: int = 0
    steps: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""


class Store:
    """The database at URL, as SQLAlchemy writes it (sqlite:///FILE, postgresql+...)."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _prepare_sqlite)
        try:
            _make_schema(self._engine)
        except DBAPIError as error:
            raise _unusable(self._engine, error.orig) from error
        event.listen(self._engine, "handle_error", _explain)

    def close(self) -> None:
        self._engine.dispose()

    def deployments(self) -> list[Deployment]:
        """Return all deployments by name."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(_deployments).order_by(_deployments.c.name)).mappings()
            return [Deployment(**row) for row in rows]

    def deployment(self, name: str) -> Deployment | None:
        with self._engine.begin() as connection:
            query = select(_deployments).where(_deployments.c.name == name)
            row = connection.execute(query).mappings().one_or_none()
            return Deployment(**row) if row else None

    def add_deployment(
        self, name: str, *, status: str, template: str, description: str, site: str | None, sites: str | None
    ) -> Deployment:
        now = time.time()
        made = Deployment(name, str(uuid.uuid4()), now, now, status, "", site, sites, template, description, [], {})
        with self._engine.begin() as connection:
            connection.execute(insert(_deployments).values(**_values(made)))
        return made

    def change_deployment(self, name: str, **changes: Any) -> None:
        """Set columns of a deployment; `updated` becomes now."""
        with self._engine.begin() as connection:
            query = update(_deployments).where(_deployments.c.name == name)
            connection.execute(query.values(updated=time.time(), **changes))

    def remove_deployment(self, name: str) -> None:
        """Remove a deployment with its runs and events."""
        with self._engine.begin() as connection:
            connection.execute(delete(_deployments).where(_deployments.c.name == name))

    def add_run(self, run: Run) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(_runs).values(**_values(run)))

    def end_run(self, run_id: str, **changes: Any) -> None:
        """Set what became of a run: state, ended, changed, steps, reason."""
        with self._engine.begin() as connection:
            connection.execute(update(_runs).where(_runs.c.id == run_id).values(**changes))

    def runs(self, deployment: str) -> list[Run]:
        """Return the runs of a deployment, the oldest first."""
        with self._engine.begin() as connection:
            query = select(_runs).where(_runs.c.deployment == deployment).order_by(_runs.c.started)
            return [Run(**row) for row in connection.execute(query).mappings()]

    def last_states(self) -> dict[str, str]:
        """Return the state of the last run of each deployment that was to change it, by deployment."""
        with self._engine.begin() as connection:
            query = select(_runs.c.deployment, _runs.c.state).where(_runs.c.command != "check")
            rows = connection.execute(query.order_by(_runs.c.started))
            return {row.deployment: row.state for row in rows}

    def add_events(self, deployment: str, run: str, events: Iterable[Event]) -> None:
        rows = [{"deployment": deployment, "run": run, **_values(one)} for one in events]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(insert(_events), rows)

    def events(self, deployment: str, after: int = 0) -> list[tuple[int, Event]]:
        """Return the events of a deployment whose number is greater than AFTER, with their numbers."""
        with self._engine.begin() as connection:
            query = select(_events).where(_events.c.deployment == deployment, _events.c.id > after)
            rows = connection.execute(query.order_by(_events.c.id)).mappings()
            return [(row["id"], _event(row)) for row in rows]


def open_store(database: Path) -> Store:
    """Open the SQLite database at DATABASE, readable by its owner only; make it if it is missing."""
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return Store(f"sqlite:///{database}")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Several commands write at once: WAL lets readers go on meanwhile. Nothing is lost when the process
    # dies; when the machine dies, the last events may be.
    for pragma in ("busy_timeout", _BUSY_TIMEOUT), ("foreign_keys", "ON"), ("synchronous", "NORMAL"):
        connection.execute("PRAGMA {} = {}".format(*pragma))
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")


def _explain(context: ExceptionContext) -> None:
    if context.sqlalchemy_exception is not None and context.engine is not None:
        raise _unusable(context.engine, context.original_exception) from context.original_exception


def _unusable(engine: Engine, cause: BaseException | None) -> IndigoError:
    return IndigoError(f"The database {engine.url.render_as_string()} cannot be used: {cause}.")


def _make_schema(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in _metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
        found = connection.execute(select(_schema.c.version)).scalars().first()
        if found is None:
            connection.execute(insert(_schema).values(version=VERSION))
    if found is not None and found > VERSION:
        raise IndigoError(
            f"A newer version of indigo-paas wrote the database {engine.url.database}. Update indigo-paas."
        )


def _values(record: Any) -> Mapping[str, Any]:
    return {column.name: getattr(record, column.name) for column in fields(record)}


def _event(row: RowMapping) -> Event:
    known: Iterator[tuple[str, Any]] = ((key, row[key]) for key in Event.__dataclass_fields__)
    return Event(**{**dict(known), "kind": Kind(row["kind"])})
