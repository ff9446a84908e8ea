# SPDX-License-Identifier: Apache-2.0
"""Commands that meet, are stopped, or are killed."""

from __future__ import annotations

import os
import shutil
import signal
import time

import psutil
import pytest

LONG = "60"


def wait_until(condition, seconds=180):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def sleeping(command):
    return [process for process in command.processes() if program(process) == "sleep"]


def program(process):
    """Return the program that runs; nothing for a process that ended since it was found."""
    try:
        return next(iter(process.cmdline()), None)
    except psutil.Error:
        return None


def runs(process):
    """Say whether a process runs; one that ended stays as a zombie until whoever inherited it looks."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def environment(process):
    """Return the environment of a process; nothing for one that ended since it was found."""
    try:
        return process.environ()
    except psutil.Error:
        return {}


@pytest.fixture
def working(command):
    """A deploy that is in the middle of its work."""
    process = command.start("deploy", str(command.template), "--name", "pool", FAKE_SLEEP=LONG)
    wait_until(lambda: sleeping(command))
    yield process
    process.kill()
    process.communicate()


def test_the_second_command_is_refused_and_readers_are_not(command, working):
    refused = command("check", "pool", status=3)
    assert "deploy pool" in refused.stderr
    assert str(working.pid) in refused.stderr
    (row,) = command.json("list")
    assert (row["status"], row["interrupted"]) == ("CREATE_IN_PROGRESS", False)
    assert command.json("show", "pool")["working"]["pid"] == working.pid
    assert "Make the nodes" in command("events", "pool").stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_in_good_order(command, working, number):
    working.send_signal(number)
    _stdout, stderr = working.communicate(timeout=30)
    assert working.returncode == 130
    assert "Traceback" not in stderr
    assert "indigo-paas resume pool" in stderr
    assert command.processes() == []
    shown = command.json("show", "pool")
    assert (shown["status"], shown["interrupted"]) == ("CREATE_FAILED", True)
    assert shown["runs"][-1]["state"] == "interrupted"
    assert command.json("resume", "pool")["status"] == "CREATE_COMPLETE"
    assert not command.json("show", "pool")["interrupted"]


def test_a_killed_command_is_shown_and_resumed_and_its_processes_end(command, working):
    working.kill()
    working.communicate()
    left = command.processes()
    assert left
    (row,) = command.json("list")
    assert (row["status"], row["interrupted"]) == ("CREATE_FAILED", True)
    assert "indigo-paas resume pool" in command("list").stdout
    assert "interrupted" in command("show", "pool").stdout
    sockets = {place for process in left if (place := environment(process).get("ANSIBLE_SSH_CONTROL_PATH_DIR"))}
    assert sockets
    resumed = command.json("resume", "pool")
    assert resumed["status"] == "CREATE_COMPLETE"
    assert not [place for place in sockets if os.path.exists(place)]
    assert not [process for process in left if runs(process)]
    states = [run["state"] for run in command.json("show", "pool")["runs"]]
    assert states == ["interrupted", "ok"]


def test_a_playbook_that_is_killed_alone_is_an_interruption(command, working):
    found = {process.pid: process for process in command.processes()}
    (playbook,) = [process for process in found.values() if process.ppid() == working.pid]
    playbook.kill()
    _stdout, stderr = working.communicate(timeout=60)
    assert working.returncode == 1
    assert "Traceback" not in stderr
    assert "TypeError" not in stderr
    assert "ansible-playbook was killed" in stderr
    assert "indigo-paas resume pool" in stderr
    assert command.processes() == []
    shown = command.json("show", "pool")
    assert (shown["status"], shown["interrupted"]) == ("CREATE_FAILED", True)
    assert command.json("resume", "pool")["status"] == "CREATE_COMPLETE"


def test_a_failed_destroy_is_resumed_as_destroy(command):
    command.deploy()
    command("destroy", "pool", "--yes", status=1, FAKE_FAIL="1")
    assert command.json("show", "pool")["status"] == "DELETE_FAILED"
    command("scale", "pool", "server=2", status=2)
    assert command.json("resume", "pool")["status"] == "DELETE_COMPLETE"


def test_a_deployment_without_its_files_can_be_destroyed(command):
    command.deploy()
    shutil.rmtree(command.home / "deployments" / "pool")
    assert "cluster.indigo.yml" in command("check", "pool", status=1).stderr
    assert command.json("destroy", "pool", "--yes")["status"] == "DELETE_COMPLETE"


def test_events_follow_a_run(command, working):
    following = command.start("events", "pool", "-f")
    time.sleep(1)
    working.send_signal(signal.SIGTERM)
    told, _ = following.communicate(timeout=30)
    assert "Make the nodes" in told
    assert "Stopped by SIGTERM" in told
