# SPDX-License-Identifier: Apache-2.0
"""What is read without SQLAlchemy is what the store gives, and what cannot be read so is left to the store."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest
from sqlalchemy import JSON, Boolean

from indigo_paas import store
from indigo_paas.errors import IndigoError
from indigo_paas.store import reader, schema
from indigo_paas.store.rows import VERSION


@pytest.fixture
def file(tmp_path):
    """Two deployments, one with all that a row can hold."""
    file = tmp_path / "home" / "indigo-paas.db"
    memory = store.open_store(file)
    for name in ("pool", "farm"):
        memory.add_deployment(name, status="CREATE_IN_PROGRESS", template="t.yaml", description="Größe \ud800 \0")
        memory.add_run(store.Run(f"{name}-2", name, "check", 2.0))
        memory.add_run(store.Run(f"{name}-1", name, "deploy", 1.0, 1.5, store.FAILED, 3, [{"name": "Plan"}], "why"))
        memory.jobs.add(store.Job(name, "create", arguments={"a": [1, None]}, draining=True, owed={"b": 1}))
        memory.jobs.add(store.Job(name, "delete", state=store.CANCELLED))
    memory.change_deployment("pool", nodes=[{"name": "n"}], outputs={"a": None}, endpoints={"local": {}}, site="local")
    memory.close()
    return file


def all_of(memory: store.Looking):
    return (
        memory.deployments(),
        [memory.deployment(name) for name in ("pool", "farm", "none")],
        [memory.runs(name) for name in ("pool", "farm", "none")],
        memory.last_states(),
        [memory.open_jobs(name) for name in (None, "pool", "none")],
    )


def test_it_gives_what_the_store_gives(file):
    with contextlib.closing(reader.Reader(file)) as quick, contextlib.closing(store.open_store(file)) as memory:
        assert all_of(quick) == all_of(memory)
        assert [type(job.draining) for job in quick.open_jobs()] == [bool, bool]


def test_a_database_that_is_not_there_holds_nothing(tmp_path):
    nothing = ([], [None] * 3, [[]] * 3, {}, [[]] * 3)
    assert store.look(tmp_path / "home" / "none.db", all_of) == nothing
    assert not (tmp_path / "home").exists()


def test_every_column_of_another_type_is_known():
    tables = (schema.deployments, schema.runs, schema.jobs)
    columns = [column for table in tables for column in table.columns]
    assert {column.name for column in columns if isinstance(column.type, JSON)} == reader.JSON
    assert {column.name for column in columns if isinstance(column.type, Boolean)} == reader.BOOLEAN


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE deployments SET outputs = '{'",
        f"UPDATE schema SET version = {VERSION + 1}",
        "DROP TABLE jobs",
    ],
)
def test_what_it_cannot_read_is_left_to_the_store(file, damage):
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(damage)
    with contextlib.suppress(reader.Unreadable), contextlib.closing(reader.Reader(file)) as quick:
        all_of(quick)
        raise AssertionError("It was read.")
    with pytest.raises(IndigoError):
        store.look(file, all_of)


def test_a_file_that_is_no_database_is_left_to_the_store(file):
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(IndigoError, match="damaged"):
        store.look(file, all_of)


@pytest.mark.parametrize("change", [f"UPDATE schema SET version = {VERSION - 1}", "DELETE FROM schema"])
def test_an_older_database_is_brought_up_to_date(file, change):
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(change)
    assert [row.name for row in store.look(file, lambda memory: memory.deployments())] == ["farm", "pool"]


def test_what_another_process_writes_is_seen_and_does_not_wait(file):
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE deployments SET status = 'X'")
        before = store.look(file, lambda memory: memory.deployments())
        writer.execute("COMMIT")
    assert {row.status for row in before} == {"CREATE_IN_PROGRESS"}
    assert {row.status for row in store.look(file, lambda memory: memory.deployments())} == {"X"}
