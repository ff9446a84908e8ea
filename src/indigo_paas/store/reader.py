# SPDX-License-Identifier: Apache-2.0
"""Reads the SQLite database of a store as it is, for those who only look.

Without SQLAlchemy, whose import takes longer than all the rest of such a command. What is not as this version wrote it
is `Unreadable`: the store then brings it up to date, or says what is wrong.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from indigo_paas.ground.status import ASIDE
from indigo_paas.store.rows import OPEN, VERSION, Deployment, Job, Run

Row = TypeVar("Row", Deployment, Job, Run)

# Columns that are more than SQLite's own types.
JSON = frozenset({"nodes", "outputs", "endpoints", "steps", "arguments", "owed"})
BOOLEAN = frozenset({"draining"})


class Unreadable(Exception):
    """The database cannot be read in this way."""


class Reader:
    """The database in FILE, or one that holds nothing; its functions are those of the store."""

    def __init__(self, file: Path | None) -> None:
        try:
            self._connection = _connected(file) if file else None
        except sqlite3.Error as error:
            raise Unreadable from error

    def close(self) -> None:
        if self._connection:
            self._connection.close()

    def deployments(self) -> list[Deployment]:
        return self._all(Deployment, "SELECT * FROM deployments ORDER BY name")

    def deployment(self, name: str) -> Deployment | None:
        found = self._all(Deployment, "SELECT * FROM deployments WHERE name = ?", (name,))
        return found[0] if found else None

    def runs(self, deployment: str) -> list[Run]:
        return self._all(Run, "SELECT * FROM runs WHERE deployment = ? ORDER BY started", (deployment,))

    def last_states(self) -> dict[str, str]:
        marks = ", ".join("?" * len(ASIDE))
        rows = self._rows(f"SELECT deployment, state FROM runs WHERE command NOT IN ({marks}) ORDER BY started", ASIDE)
        return {row["deployment"]: row["state"] for row in rows}

    def open_jobs(self, deployment: str | None = None) -> list[Job]:
        marks = ", ".join("?" * len(OPEN))
        jobs = self._all(Job, f"SELECT * FROM jobs WHERE state IN ({marks}) ORDER BY id", OPEN)
        return [job for job in jobs if deployment in (None, job.deployment)]

    def _all(self, kind: type[Row], query: str, values: Sequence[Any] = ()) -> list[Row]:
        try:
            found = map(dict, self._rows(query, values))
            return [kind(**{name: _value(name, kept) for name, kept in row.items()}) for row in found]
        except (ValueError, TypeError) as error:
            raise Unreadable from error

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        try:
            return self._connection.execute(query, values).fetchall() if self._connection else []
        except sqlite3.Error as error:
            raise Unreadable from error


def _connected(file: Path) -> sqlite3.Connection:
    # Only one that may write can read along with those who write: it takes part in their log.
    connection = sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        if list(map(tuple, connection.execute("SELECT version FROM schema"))) != [(VERSION,)]:
            raise Unreadable
    except BaseException:
        connection.close()
        raise
    return connection


def _value(name: str, kept: Any) -> Any:
    if name in JSON:
        return None if kept is None else json.loads(kept)
    return bool(kept) if name in BOOLEAN else kept
