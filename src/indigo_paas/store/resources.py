# SPDX-License-Identifier: Apache-2.0
"""What is kept of the resources of deployments."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, func, insert, select, update

from indigo_paas.store.database import Database
from indigo_paas.store.rows import Resource
from indigo_paas.store.schema import resources, values


class Resources:
    """The resources of all deployments; each function is a transaction unless it takes a connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, deployment: str) -> list[Resource]:
        """Return the resources of a deployment, the oldest first."""
        query = select(resources).where(resources.c.deployment == deployment)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(*_ORDER)).mappings()
            return [Resource(**row) for row in rows]

    def page(
        self, deployment: str, number: int, size: int, sort: Sequence[tuple[str, bool]], type: str | None = None
    ) -> tuple[list[Resource], int]:
        """Return a page of the resources of a deployment, and how many there are on all; sort: (column, ascending)."""
        wanted = resources.c.deployment == deployment
        if type is not None:
            wanted = wanted & (resources.c.type == type)
        order = [resources.c[name].asc() if ascending else resources.c[name].desc() for name, ascending in sort]
        with self._database.reading() as connection:
            total = connection.execute(select(func.count()).select_from(resources).where(wanted)).scalar_one()
            query = select(resources).where(wanted).order_by(*order, *_ORDER)
            rows = connection.execute(query.offset(number * size).limit(size)).mappings()
            return [Resource(**row) for row in rows], total

    def replace(self, deployment: str, rows: Iterable[Resource]) -> None:
        """Make ROWS the resources of a deployment, where it is there."""
        kept = list(rows)
        with self._database.writing() as connection:
            found = connection.execute(select(resources).where(resources.c.deployment == deployment)).mappings()
            before = {row["uuid"]: Resource(**row) for row in found}
            wanted = {row.uuid for row in kept}
            gone = [uuid for uuid in before if uuid not in wanted]
            if gone:
                connection.execute(delete(resources).where(resources.c.uuid.in_(gone)))
            for row in kept:
                if row.uuid in before and row != before[row.uuid]:
                    connection.execute(update(resources).where(resources.c.uuid == row.uuid).values(**values(row)))
            insert_resources(connection, (row for row in kept if row.uuid not in before))

    def mark(self, states: Mapping[str, str]) -> None:
        """Set the STATES of resources, by their uuid."""
        with self._database.writing() as connection:
            mark_resources(connection, states)


_ORDER = [resources.c.created, resources.c.name, resources.c["index"], resources.c.uuid]


def mark_resources(connection: Connection, states: Mapping[str, str]) -> None:
    """Set the STATES of resources, by their uuid, in the transaction of CONNECTION."""
    for uuid, state in states.items():
        query = update(resources).where(resources.c.uuid == uuid)
        connection.execute(query.values(state=state, updated=time.time()))


def insert_resources(connection: Connection, rows: Iterable[Resource]) -> None:
    """Add ROWS in the transaction of CONNECTION."""
    given = [values(row) for row in rows]
    if given:
        connection.execute(insert(resources), given)
