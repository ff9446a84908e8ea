# SPDX-License-Identifier: Apache-2.0
"""The store: what goes in comes out, alone and with others."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import text

from indigo_paas import store
from indigo_paas.errors import IndigoError
from indigo_paas.ground.progress import Event, Kind


@pytest.fixture
def memory(tmp_path):
    opened = store.open_store(tmp_path / "home" / "indigo-paas.db")
    yield opened
    opened.close()


def add(memory, name="pool"):
    return memory.add_deployment(
        name,
        status="CREATE_IN_PROGRESS",
        template="pool.yaml",
        description="'; DROP TABLE deployments; --",
        site="local",
        sites=None,
    )


def test_a_deployment_comes_back_as_it_was(memory):
    made = add(memory)
    assert memory.deployment("pool") == made
    assert memory.deployments() == [made]
    assert memory.deployment("other") is None


def test_changes(memory):
    made = add(memory)
    memory.change_deployment("pool", status="CREATE_COMPLETE", outputs={"a": [1, None]}, nodes=[{"name": "n"}])
    now = memory.deployment("pool")
    assert (now.status, now.outputs, now.nodes) == ("CREATE_COMPLETE", {"a": [1, None]}, [{"name": "n"}])
    assert now.updated >= made.updated
    assert now.created == made.created


def test_runs_and_events_go_with_their_deployment(memory):
    add(memory)
    add(memory, "other")
    memory.add_run(store.Run("r1", "pool", "deploy", 1.0))
    memory.add_run(store.Run("r2", "other", "deploy", 1.0))
    told = [Event(1.0, Kind.STEP, "Plan"), Event(2.0, Kind.FAILED, "Plan", "t", "n", "why", 1.5)]
    memory.add_events("pool", "r1", told)
    memory.add_events("other", "r2", told[:1])
    assert [event for _number, event in memory.events("pool")] == told
    first = memory.events("pool")[0][0]
    assert [event for _number, event in memory.events("pool", after=first)] == told[1:]
    memory.remove_deployment("pool")
    assert memory.runs("pool") == []
    assert memory.events("pool") == []
    assert len(memory.events("other")) == 1


def test_runs(memory):
    add(memory)
    run = store.Run("r1", "pool", "deploy", 1.0)
    memory.add_run(run)
    assert memory.runs("pool") == [run]
    memory.end_run("r1", state=store.OK, ended=3.0, changed=2, steps=[{"name": "Plan", "seconds": 1.0}])
    memory.add_run(store.Run("r2", "pool", "check", 4.0))
    assert memory.last_states() == {"pool": store.OK}
    memory.add_run(store.Run("r3", "pool", "scale", 5.0))
    assert memory.last_states() == {"pool": store.RUNNING}
    assert [run.id for run in memory.runs("pool")] == ["r1", "r2", "r3"]


def test_the_database_is_the_owners_alone(memory, tmp_path):
    add(memory)
    files = list((tmp_path / "home").iterdir())
    assert files
    assert not [file for file in files if file.stat().st_mode & 0o077]


def test_a_newer_database_is_refused(memory, tmp_path):
    with memory._database.writing() as connection:
        connection.execute(text("UPDATE schema SET version = 99"))
    with pytest.raises(IndigoError, match="newer version"):
        store.open_store(tmp_path / "home" / "indigo-paas.db")


def test_a_second_store_of_the_same_process_leaves_the_locks_of_the_first_alone(memory, tmp_path):
    database = tmp_path / "home" / "indigo-paas.db"
    add(memory, "before")
    store.open_store(database).close()
    # The last process that closes a database deletes the log of changes, which the first store then would write to.
    code = "import pathlib, sys\nfrom indigo_paas import store\nstore.open_store(pathlib.Path(sys.argv[1])).close()\n"
    subprocess.run([sys.executable, "-c", code, str(database)], check=True)
    add(memory, "after")
    told = "import pathlib, sys\nfrom indigo_paas import store\n"
    told += "print(*(row.name for row in store.open_store(pathlib.Path(sys.argv[1])).deployments()))\n"
    seen = subprocess.run([sys.executable, "-c", told, str(database)], check=True, text=True, capture_output=True)
    assert seen.stdout.split() == ["after", "before"]


def test_several_processes_write_at_once(tmp_path):
    code = (
        "import pathlib, sys\n"
        "from indigo_paas import store\n"
        "from indigo_paas.ground.progress import Event, Kind\n"
        "me = sys.argv[2]\n"
        "memory = store.open_store(pathlib.Path(sys.argv[1]))\n"
        "memory.add_deployment(me, status='s', template='t', description='', site='x', sites=None)\n"
        "memory.add_run(store.Run(me, me, 'deploy', 1.0))\n"
        "for n in range(50):\n"
        "    memory.add_events(me, me, [Event(n, Kind.STEP, str(n))])\n"
    )
    database = tmp_path / "home" / "indigo-paas.db"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(database), f"d{number}"]) for number in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    memory = store.open_store(database)
    assert [len(memory.events(f"d{number}")) for number in range(4)] == [50, 50, 50, 50]
    memory.close()
