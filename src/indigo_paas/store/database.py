# SPDX-License-Identifier: Apache-2.0
"""One database: its connections, and transactions that wait for each other instead of failing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError

from indigo_paas.errors import BadInput, IndigoError
from indigo_paas.store import migrations

# How long a command waits for another one's transaction (milliseconds): they are all short.
_BUSY_TIMEOUT = 15_000


class Database:
    """The database at URL, as SQLAlchemy writes it (sqlite:///FILE, postgresql+psycopg://...), brought up to date."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        try:
            migrations.migrate(self.engine)
        except DBAPIError as error:
            raise _unusable(self.engine, error.orig) from error
        event.listen(self.engine, "handle_error", _explain)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection in a transaction that only reads."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that writes: what it reads first holds until it ends, with SQLite."""
        with self.engine.connect().execution_options(immediate=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def file_url(database: Path) -> str:
    """Return the URL of the SQLite database at DATABASE, made readable by its owner only if it is missing."""
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # One that is there is not opened: to close it would drop the locks of all of this process's connections to it.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    return f"sqlite:///{database}"


def _engine(url: str) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    except (ArgumentError, NoSuchModuleError):
        raise BadInput(
            "The setting 'database' is no URL of a database: write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME."
        ) from None
    except ModuleNotFoundError as error:
        raise BadInput(
            f"The setting 'database' needs the Python package {error.name}: "
            "install indigo-paas[postgresql], and write postgresql+psycopg://USER@HOST/NAME."
        ) from None


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Several processes write at once: WAL lets readers go on meanwhile. Nothing is lost when the process
    # dies; when the machine dies, the last events may be.
    connection.isolation_level = None
    for pragma in ("busy_timeout", _BUSY_TIMEOUT), ("foreign_keys", "ON"), ("synchronous", "NORMAL"):
        connection.execute("PRAGMA {} = {}".format(*pragma))
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads before it writes would fail where somebody else wrote in between.
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _explain(context: ExceptionContext) -> None:
    if context.sqlalchemy_exception is None or context.engine is None:
        return
    if isinstance(context.sqlalchemy_exception, IntegrityError):
        return
    raise _unusable(context.engine, context.original_exception) from context.original_exception


def _unusable(engine: Engine, cause: BaseException | None) -> IndigoError:
    return IndigoError(f"The database {engine.url.render_as_string()} cannot be used: {cause}.")
