# SPDX-License-Identifier: Apache-2.0
"""The memory of deployments, of their runs, events and resources, and of jobs: an SQL database, SQLite by default.

What opens it is imported at its first use: a command that opens none need not wait for SQLAlchemy.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from indigo_paas.store.rows import (
    CANCELLED,
    FAILED,
    INTERRUPTED,
    OK,
    OPEN,
    QUEUED,
    RUNNING,
    Deployment,
    Job,
    Resource,
    Run,
)

if TYPE_CHECKING:
    from indigo_paas.store.store import Store, open_store

Seen = TypeVar("Seen")

__all__ = [
    "CANCELLED",
    "FAILED",
    "INTERRUPTED",
    "OK",
    "OPEN",
    "QUEUED",
    "RUNNING",
    "Deployment",
    "Job",
    "Looking",
    "Resource",
    "Run",
    "Store",
    "look",
    "open_store",
]


class Looking(Protocol):
    """What can be read without writing; each function is that of `Store`."""

    def deployments(self) -> list[Deployment]: ...

    def deployment(self, name: str) -> Deployment | None: ...

    def runs(self, deployment: str) -> list[Run]: ...

    def last_states(self) -> dict[str, str]: ...

    def open_jobs(self, deployment: str | None = None) -> list[Job]:
        """Return the jobs that wait or run, the oldest first: all of them, or those of one deployment."""


def look(database: Path | str, see: Callable[[Looking], Seen]) -> Seen:
    """Return what SEE finds in the database at a URL, or in a file; one that does not exist holds nothing."""
    from indigo_paas.store.reader import Reader, Unreadable

    if isinstance(database, Path):
        with (
            contextlib.suppress(Unreadable),
            contextlib.closing(Reader(database if database.exists() else None)) as reader,
        ):
            return see(reader)
    from indigo_paas.store.store import open_store

    with contextlib.closing(open_store(database)) as store:
        return see(store)


def __getattr__(name: str) -> Any:
    if name not in ("Store", "open_store"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from indigo_paas.store import store

    return getattr(store, name)
