# SPDX-License-Identifier: Apache-2.0
"""Databases of older versions are taken over; all ways lead to the same tables."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from indigo_paas import store
from indigo_paas.store import schema
from indigo_paas.store.rows import VERSION

# What version 1 made, as it wrote it.
VERSION_1 = """
CREATE TABLE schema (version INTEGER NOT NULL);
INSERT INTO schema VALUES (1);
CREATE TABLE deployments (
  name VARCHAR(40) NOT NULL, uuid VARCHAR(36) NOT NULL, created FLOAT NOT NULL, updated FLOAT NOT NULL,
  status VARCHAR(30) NOT NULL, reason TEXT NOT NULL, site TEXT, sites TEXT, template TEXT NOT NULL,
  description TEXT NOT NULL, nodes JSON NOT NULL, outputs JSON NOT NULL, PRIMARY KEY (name), UNIQUE (uuid)
);
CREATE TABLE runs (
  id VARCHAR(30) NOT NULL, deployment VARCHAR(40) NOT NULL, command VARCHAR(20) NOT NULL, started FLOAT NOT NULL,
  ended FLOAT, state VARCHAR(20) NOT NULL, changed INTEGER NOT NULL, steps JSON NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (id), FOREIGN KEY(deployment) REFERENCES deployments (name) ON DELETE CASCADE
);
CREATE INDEX ix_runs_deployment ON runs (deployment);
CREATE TABLE events (
  id INTEGER NOT NULL, deployment VARCHAR(40) NOT NULL, run VARCHAR(30) NOT NULL, time FLOAT NOT NULL,
  kind VARCHAR(20) NOT NULL, step TEXT, task TEXT, node TEXT, text TEXT NOT NULL, seconds FLOAT, PRIMARY KEY (id),
  FOREIGN KEY(deployment) REFERENCES deployments (name) ON DELETE CASCADE,
  FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE INDEX events_of_deployment ON events (deployment, id);
INSERT INTO deployments VALUES (
  'pool', 'f3b0', 1.0, 2.0, 'CREATE_COMPLETE', '', 'local', NULL, 'pool.yaml', 'a pool', '[{"name": "n"}]', '{"a": 1}'
);
INSERT INTO runs VALUES ('r1', 'pool', 'deploy', 1.0, 2.0, 'ok', 3, '[]', '');
INSERT INTO events VALUES (7, 'pool', 'r1', 1.5, 'step', 'Plan', NULL, NULL, '', NULL);
"""


@pytest.fixture
def old(tmp_path):
    file = tmp_path / "indigo-paas.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(VERSION_1)
    return file


def test_a_database_of_version_1_is_taken_over(old):
    memory = store.open_store(old)
    (row,) = memory.deployments()
    assert (row.name, row.nodes, row.outputs, row.owner_subject, row.task) == (
        "pool",
        [{"name": "n"}],
        {"a": 1},
        "",
        "NONE",
    )
    assert [run.id for run in memory.runs("pool")] == ["r1"]
    assert [number for number, _event in memory.events("pool")] == [7]
    memory.jobs.add(store.Job("pool", "update"))
    memory.close()
    memory = store.open_store(old)
    assert [job.kind for job in memory.jobs.open("pool")] == ["update"]
    memory.close()


def test_the_old_program_refuses_it_afterwards(old):
    store.open_store(old).close()
    with sqlite3.connect(old) as connection:
        assert connection.execute("SELECT version FROM schema").fetchall() == [(VERSION,)]
    assert VERSION > 1


@pytest.mark.parametrize("way", ["old", "new"])
def test_the_tables_are_those_that_the_program_knows(old, tmp_path, way):
    memory = store.open_store(old if way == "old" else tmp_path / "new.db")
    with memory._database.reading() as connection:
        found = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    memory.close()
    assert [change for change in found if not _is_of_alembic(change)] == []


def _is_of_alembic(change):
    return change[0] == "remove_table" and change[1].name == "alembic_version"


def test_processes_that_come_at_once_migrate_once(old):
    code = "import pathlib, sys\nfrom indigo_paas import store\nstore.open_store(pathlib.Path(sys.argv[1])).close()\n"
    processes = [subprocess.Popen([sys.executable, "-c", code, str(old)]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    memory = store.open_store(old)
    assert memory.deployment("pool") is not None
    memory.close()
