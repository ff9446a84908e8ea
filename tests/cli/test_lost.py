# SPDX-License-Identifier: Apache-2.0
"""State that is lost, damaged, or only to be read: what still works, and what the command says."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from typing import Any

import pytest

from tests.cli import fake

READING = [("list",), ("show", "pool"), ("events", "pool"), ("outputs", "pool"), ("ssh", "pool"), ("inventory", "pool")]


def told(done: Any) -> str:
    return " ".join(done.stderr.split())


@pytest.fixture
def pool(command):
    command.deploy()
    # The fake playbook makes none.
    (command.home / "deployments" / "pool" / "ssh_key").touch()
    return command


def lose_database(command):
    for file in command.home.glob("indigo-paas.db*"):
        file.unlink()


def test_a_database_that_was_deleted_is_made_anew_from_what_runs(pool):
    before = pool.json("show", "pool")
    lose_database(pool)
    listed = pool("list")
    assert "there are files of pool, but the database does not know of them. 'indigo-paas recover'" in told(listed)
    assert "'indigo-paas recover'" in told(pool("show", "pool", status=2))
    done = pool("recover", FAKE_RUNNING="pool")
    assert "pool: taken over, at here with server-0." in done.stdout
    assert "'indigo-paas resume pool' brings it up to date." in done.stdout
    assert "Lost" not in done.stdout
    after = pool.json("show", "pool")
    assert after["inputs"] == before["inputs"]
    assert (after["status"], after["site"], [node["name"] for node in after["nodes"]]) == (
        "UPDATE_FAILED",
        "here",
        ["server-0"],
    )
    assert pool.json("resume", "pool")["status"] == "UPDATE_COMPLETE"
    assert pool.json("outputs", "pool")["said"] == before["outputs"]["said"]
    assert "files of" not in told(pool("list"))


def test_a_home_that_was_lost_leaves_the_nodes_and_the_name(pool):
    shutil.rmtree(pool.home)
    found = pool.json("recover", "pool", FAKE_RUNNING="pool other")
    [taken] = found["taken"]
    assert (taken["name"], taken["missing"]) == ("pool", ["template and inputs", "SSH key"])
    assert "'indigo-paas deploy TEMPLATE --name pool'" in taken["next"]
    shown = pool("show", "pool").stdout
    assert "taken over" in shown
    assert "Lost: template and inputs, SSH key." in " ".join(shown.split())
    for verb in ("resume", "check"):
        assert "'indigo-paas deploy TEMPLATE --name pool' gives it" in told(pool(verb, "pool", status=1))
    made = pool.deploy("-i", "version=8")
    assert (made["status"], made["site"]) == ("UPDATE_COMPLETE", "here")
    assert made["outputs"]["asked"]["inputs"] == {"version": "8"}
    assert pool.json("show", "pool")["template"] == "server.yaml"


def test_what_was_recovered_without_its_files_can_be_destroyed_by_its_name(pool):
    shutil.rmtree(pool.home)
    pool("recover", "pool", FAKE_RUNNING="pool")
    pool("destroy", "pool", "--yes")
    assert pool.json("list") == []


def test_only_what_is_not_known_is_taken_over_and_nothing_in_a_dry_run(pool):
    found = pool.json("recover", "--dry-run", FAKE_RUNNING="pool other")
    assert (found["dry_run"], found["known"], [each["name"] for each in found["taken"]]) == (True, ["pool"], ["other"])
    assert [one["name"] for one in pool.json("list")] == ["pool"]
    pool("recover", FAKE_RUNNING="pool other")
    assert [one["name"] for one in pool.json("list")] == ["other", "pool"]
    again = pool("recover", FAKE_RUNNING="pool other")
    assert again.stdout == "other: known already.\npool: known already.\n"


def test_labels_that_no_deployment_can_have_are_left_alone(command):
    names = "../../etc Pool -x " + "x" * 41
    assert command.json("recover", FAKE_RUNNING=names)["taken"] == []
    assert command.json("list") == []


def test_one_that_the_service_made_keeps_its_uuid(command):
    uuid = "11ec4b1e-4f4e-4a5e-b2b0-0242ac110002"
    command("recover", FAKE_RUNNING=uuid)
    [entry] = command.json("list")
    assert (entry["name"], entry["uuid"]) == (uuid, uuid)


def test_what_is_not_there_is_said(command):
    assert "There is no site 'moon'. There is here." in told(command("recover", "--site", "moon", status=2))
    assert "There are no nodes of 'pool' at here." in told(command("recover", "pool", status=2))
    assert "Site 'here' does not answer." in told(command("recover", status=1, FAKE_SILENT_SITES="1"))
    assert command("recover").stdout == "No site has nodes of a deployment.\n"
    answer = command.json("recover", "pool", status=2)
    assert "no nodes of 'pool'" in answer["problems"][0]["message"]


def rubbish(database):
    database.write_bytes(b"This is no database.\n" * 500)


def torn(database):
    data = database.read_bytes()
    database.write_bytes(data[:2000] + bytes(len(data) - 2000))


def without_tables(database):
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE runs")
        connection.execute("DROP TABLE deployments")


def no_json(database):
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE deployments SET nodes = '[{', outputs = 'x'")


@pytest.mark.parametrize(
    ("damage", "commands"),
    [
        (rubbish, [*READING, ("destroy", "pool", "--yes"), ("recover",)]),
        (torn, [("list",)]),
        (without_tables, [("list",), ("show", "pool")]),
        (no_json, [("list",), ("outputs", "pool")]),
    ],
)
def test_a_damaged_database_is_one_clear_error_for_each_command(pool, damage, commands):
    database = pool.home / "indigo-paas.db"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for beside in pool.home.glob("indigo-paas.db-*"):
        beside.unlink()
    damage(database)
    for arguments in commands:
        said = told(pool(*arguments, status=1, FAKE_RUNNING="pool"))
        assert f"The database sqlite:///{database} cannot be used: " in said, arguments
        assert "Move it away" in said
        assert "'indigo-paas recover'" in said
        assert said.count("cannot be used") == 1
        assert "fault of indigo-paas" not in said
    answer = pool.json("show", "pool", status=1)
    assert "Move it away" in answer["problems"][0]["message"]
    # What is said to do helps.
    lose_database(pool)
    assert "pool: taken over" in pool("recover", FAKE_RUNNING="pool").stdout
    assert pool.json("show", "pool")["nodes"]


def test_an_empty_file_is_an_empty_database(pool):
    lose_database(pool)
    (pool.home / "indigo-paas.db").touch()
    assert "'indigo-paas recover' takes over" in told(pool("list"))


def obey_modes():
    """Let root, too, write only to what it may write to: it gives up CAP_DAC_OVERRIDE for good (PR_CAPBSET_DROP)."""
    if os.getuid() == 0:
        ctypes.CDLL(None, use_errno=True).prctl(24, 1)


@pytest.fixture
def reader(pool):
    """Run the command as somebody who may read the home, and not write to it."""
    for path in (pool.home, *pool.home.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)

    def run(*arguments: str, status: int = 0) -> Any:
        done = subprocess.run(
            [sys.executable, fake.__file__, *arguments],
            env={**pool.env, "FAKE_RUNNING": "other"},
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=obey_modes,
        )
        assert done.returncode == status, f"{arguments}: {done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return run


def test_a_home_that_may_only_be_read_is_read(reader):
    [entry] = json.loads(reader("list", "--json").stdout)
    assert (entry["name"], entry["status"]) == ("pool", "CREATE_COMPLETE")
    assert json.loads(reader("show", "pool", "--json").stdout)["nodes"]
    assert "Make the nodes" in reader("events", "pool").stdout
    assert "said" in json.loads(reader("outputs", "pool", "--json").stdout)
    for arguments in (("scale", "pool", "server=2"), ("destroy", "pool", "--yes"), ("recover",)):
        said = told(reader(*arguments, status=1))
        assert "fault of indigo-paas" not in said
        assert "ermission denied" in said or "readonly" in said or "read-only" in said
