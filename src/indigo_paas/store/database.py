# SPDX-License-Identifier: Apache-2.0
"""One database: its connections, and transactions that wait for each other instead of failing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError

from indigo_paas.errors import BadInput, IndigoError
from indigo_paas.store import migrations

# How long a command waits for another one's transaction (milliseconds): they are all short.
_BUSY_TIMEOUT = 15_000

# What SQLite says of a file that is none of its own any more, or not what this program wrote.
_DAMAGE = (
    "malformed",
    "not a database",
    "no such table",
    "no such column",
    "disk I/O error",
    "unsupported file format",
)


class Database:
    """The database at URL, as SQLAlchemy writes it (sqlite:///FILE, postgresql+psycopg://...), brought up to date."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        if self.is_sqlite and not _is_read_only(self.engine):
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
            try:
                yield connection
            except ValueError as error:
                # What is no JSON where there must be some, or a word that nobody wrote.
                raise _unusable(self.engine, error) from error

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
    if os.access(database, os.W_OK) and os.access(database.parent, os.W_OK):
        return f"sqlite:///{database}"
    return f"sqlite:///{_read_only(database)}"


def _read_only(database: Path) -> str:
    """Return the URI of SQLite's DATABASE for one who may only read it."""
    # Without its log, SQLite would want to make one; with it, what is only in the log is to be read, too.
    log = database.with_name(f"{database.name}-wal")
    mode = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    return f"file:{quote(str(database))}?{mode}&uri=true"


def _is_read_only(engine: Engine) -> bool:
    return engine.url.query.get("mode") == "ro"


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
    told = f"The database {engine.url.render_as_string()} cannot be used: {str(cause).rstrip('.')}."
    if engine.dialect.name != "sqlite" or not _is_damage(cause):
        return IndigoError(told)
    return IndigoError(
        f"{told} It is damaged, or not one of this program. Move it away, with the files beside it that are named "
        "after it: then 'indigo-paas recover' takes over what still runs at the sites."
    )


def _is_damage(cause: BaseException | None) -> bool:
    """Say whether CAUSE is in the file, and no lack of rights or of room."""
    return isinstance(cause, ValueError) or any(word in str(cause) for word in _DAMAGE)
