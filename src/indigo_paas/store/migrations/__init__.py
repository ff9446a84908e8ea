# SPDX-License-Identifier: Apache-2.0
"""Brings the tables of a database to those that this version of the program knows.

A database of version 1, which knew no migrations, is taken over as it is. The table `schema` holds a number that
programs which know no migrations look at, too: they refuse one that is too high for them.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy import update as sql_update

from indigo_paas.errors import IndigoError
from indigo_paas.store import schema
from indigo_paas.store.rows import VERSION

# The revision of a database of version 1.
_FIRST = "0001"

# Any number that nobody else uses for PostgreSQL's advisory locks.
_LOCK = 0x1D160


def migrate(engine: Engine) -> None:
    """Bring the database of ENGINE up to date, one process at a time; raise IndigoError for one that is newer."""
    with engine.connect() as connection:
        if _version(connection) == VERSION:
            return
    with engine.connect().execution_options(immediate=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
        found = _version(connection)
        if found == VERSION:
            return
        if found is not None and found > VERSION:
            raise IndigoError(
                f"A newer version of indigo-paas wrote the database {engine.url.database}. Update indigo-paas."
            )
        _upgrade(connection, is_first=found is not None and not inspect(connection).has_table("alembic_version"))


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(schema.schema.name):
        return None
    found: int | None = connection.execute(select(schema.schema.c.version)).scalars().first()
    return found


def _upgrade(connection: Connection, is_first: bool) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    if is_first:
        command.stamp(config, _FIRST)
    command.upgrade(config, "head")
    connection.execute(sql_update(schema.schema).values(version=VERSION))
