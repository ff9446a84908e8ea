# SPDX-License-Identifier: Apache-2.0
"""The service with execution nodes, which are processes of this machine with a home of their own."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, cast

import psutil
import pytest

from indigo_paas.ground.paths import ACCESS_TOKEN_VARIABLE, private_directory
from indigo_paas.runner import Job, nodes
from indigo_paas.service.model import Asked
from indigo_paas.store import INTERRUPTED, OK
from tests.cli.conftest import TEMPLATE
from tests.service.core import fake
from tests.service.core.conftest import OWNER, Service, wait_until

DEAD = ("dead", ["sh", "-c", "echo 'ssh: connect to host dead port 22: No route to host' >&2; exit 255"])


def local(directory: pathlib.Path) -> tuple[str, list[str]]:
    """Return a node on this machine with its home in DIRECTORY."""
    return "local", [sys.executable, fake.__file__, "indigo-paas", "--home", str(directory), "execution-node"]


@pytest.fixture
def service_with(tmp_path: pathlib.Path) -> Iterator[Callable[..., Service]]:
    """Give a function that makes a service which runs all at the given nodes."""
    made: list[Service] = []

    def make(*nodes: tuple[str, list[str]], **said: str) -> Service:
        config = tmp_path / "service.toml"
        lines = ["[execution]", 'by = "nodes"']
        for name, command in nodes:
            lines += ["[[execution.nodes]]", f"name = {json.dumps(name)}", f"command = {json.dumps(command)}"]
        config.write_text("\n".join(lines))
        made.append(Service(tmp_path, INDIGO_PAAS_CONFIG=str(config), **said))
        return made[-1]

    yield make
    for service in made:
        service.close()


@pytest.fixture
def node(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "node"


def node_processes(node: pathlib.Path) -> list[psutil.Process]:
    """Return the processes of the command at the node with this home."""
    return [process for process in psutil.process_iter() if str(node) in _arguments(process)]


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline() if process.status() != psutil.STATUS_ZOMBIE else []
    except psutil.Error:
        return []


def runs_left(node: pathlib.Path) -> list[str]:
    return [str(path) for path in node.glob("runs/*")]


def test_a_life_at_a_node(service_with, node):
    service = service_with(local(node))
    uuid = service.create()
    files = service.settings.engine().home.deployment(uuid)
    service.supervisor(FAKE_SAYS="hi")
    assert service.wait(uuid) == "CREATE_COMPLETE"
    row = service.desk.deployment(OWNER, uuid)
    assert row.outputs["said"] == "hi"
    # It ran from the copy at the node, and what stays of a deployment is here.
    assert row.outputs["asked"]["state_dir"] == "../artifacts/ansible/state"
    assert files.ssh_key.stat().st_mode & 0o777 == 0o600
    key = files.ssh_key.read_bytes()
    assert "Make the nodes" in service.desk.log(OWNER, uuid)
    assert runs_left(node) == []
    assert [path.name for path in files.runs.rglob("transmit*")] == []
    assert [path.name for path in files.runs.rglob("command")] == []

    service.desk.update(OWNER, uuid, Asked(TEMPLATE, {"count": "2"}))
    assert service.wait(uuid) == "UPDATE_COMPLETE"
    assert len(service.store.resources.of(uuid)) == 2
    assert files.ssh_key.read_bytes() == key

    service.desk.delete(OWNER, uuid)
    assert service.wait(uuid) == "GONE"
    assert not files.root.exists()
    assert runs_left(node) == []


def test_why_a_run_failed_is_told(service_with, node):
    service = service_with(local(node))
    uuid = service.create()
    service.supervisor(FAKE_FAIL="yes", FAKE_SAYS="the roof leaks")
    assert service.wait(uuid) == "CREATE_FAILED"
    assert "the roof leaks" in service.desk.deployment(OWNER, uuid).reason


def test_a_node_that_does_not_answer_is_passed_over(service_with, node):
    service = service_with(DEAD, local(node))
    uuid = service.create()
    service.supervisor()
    assert service.wait(uuid) == "CREATE_COMPLETE"


def test_without_any_node_the_deployment_fails_with_what_the_command_said(service_with):
    service = service_with(DEAD, INDIGO_PAAS_JOBS_STARTS="2")
    uuid = service.create()
    service.supervisor()
    assert service.wait(uuid) == "CREATE_FAILED"
    assert "ssh: connect to host dead port 22: No route to host" in service.logs()
    assert [run.state for run in service.store.runs(uuid)] == [INTERRUPTED, INTERRUPTED]


@pytest.mark.parametrize("victim", ["job", "command"])
def test_a_run_whose_connection_breaks_ends_at_its_node_and_is_done_again(service_with, node, victim):
    service = service_with(local(node))
    uuid = service.create()
    supervisor = service.supervisor(FAKE_SLEEP="600")
    wait_until(lambda: service.working(uuid))
    before = {process.pid for process in service.processes(uuid)}
    supervisor.kill()
    supervisor.wait()
    if victim == "job":
        os.kill(service.job_process(uuid), signal.SIGKILL)
    else:
        for process in node_processes(node):
            process.kill()
    # A playbook outlives the command that was killed at its node, until the next run of the deployment there.
    if victim == "job":
        wait_until(lambda: not any(map(psutil.pid_exists, before)))
        wait_until(lambda: runs_left(node) == [])
    service.supervisor(FAKE_SAYS="again")
    assert service.wait(uuid) == "CREATE_COMPLETE"
    assert service.desk.deployment(OWNER, uuid).outputs["said"] == "again"
    assert not any(map(psutil.pid_exists, before))
    assert [run.state for run in service.store.runs(uuid)] in ([INTERRUPTED, OK], [OK, INTERRUPTED])
    assert runs_left(node) == []


def test_a_run_that_nobody_wants_any_more_ends_at_its_node(service_with, node):
    service = service_with(local(node))
    uuid = service.create()
    supervisor = service.supervisor(FAKE_SLEEP="600")
    wait_until(lambda: service.working(uuid))
    before = service.processes(uuid)
    service.desk.delete(OWNER, uuid)
    wait_until(lambda: not any(process.is_running() for process in before))
    # The deletion would sleep as well.
    supervisor.kill()
    supervisor.wait()
    os.kill(service.job_process(uuid), signal.SIGKILL)
    service.supervisor()
    assert service.wait(uuid) == "GONE"
    assert runs_left(node) == []


def test_another_version_at_the_node_is_refused(node):
    header = {"version": "0.0.1", "deployment": "d", "run": "r", "external": False, "lenient": False}
    said = _serve(node, json.dumps(header).encode() + b"\n")
    assert "the server's is 0.0.1. Install the same one." in said["job_explanation"]


def test_what_is_no_run_is_refused(node):
    assert "takes its runs from another indigo-paas" in _serve(node, b"hello\n")["job_explanation"]
    assert not node.exists()


def _serve(node: pathlib.Path, text: bytes) -> dict[str, str]:
    command = [str(pathlib.Path(sys.executable).with_name("indigo-paas")), "--home", str(node), "execution-node"]
    done = subprocess.run(command, input=text, capture_output=True, check=False)
    assert done.returncode == 1
    first, last = done.stdout.splitlines()
    assert json.loads(last) == {"eof": True}
    return cast("dict[str, str]", json.loads(first))


def test_a_node_whose_server_is_silent_ends_the_run(service_with, node):
    service = service_with(local(node), FAKE_SILENCE="8")
    uuid = service.create()
    service.supervisor(FAKE_SLEEP="600")
    wait_until(lambda: service.working(uuid))
    before = service.processes(uuid)
    # Stopped, it holds the connection open and says nothing.
    os.kill(service.job_process(uuid), signal.SIGSTOP)
    wait_until(lambda: not any(process.is_running() for process in before))


@pytest.mark.parametrize("token", [None, "first"])
def test_a_run_has_the_access_token_of_its_user_and_the_next_one(service_with, node, tmp_path, monkeypatch, token):
    service = service_with(local(node))
    uuid = service.create()
    for name, value in {**service.env, "FAKE_SLEEP": "3"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(nodes, "BEAT", 0.1)
    monkeypatch.delenv(ACCESS_TOKEN_VARIABLE, raising=False)
    file = tmp_path / "token"
    if token:
        file.write_text(token)
        monkeypatch.setenv(ACCESS_TOKEN_VARIABLE, str(file))
    job = Job(
        deployment=uuid,
        run="run-1",
        playbook="indigo.paas.deploy",
        files=service.settings.engine().home.deployment(uuid),
        sites=pathlib.Path(service.env["INDIGO_PAAS_SITES"]),
        directory=private_directory(tmp_path / "run"),
        cache=tmp_path,
    )
    told: list[dict[str, Any]] = []
    seen: list[str] = []

    def on_event(event: dict[str, Any]) -> None:
        told.append(event)
        if event["event"] == "playbook_on_start" and token:
            seen.extend(path.read_text() for path in node.rglob("access-token"))
            file.write_text("second")

    (name, command) = local(node)
    assert nodes.Nodes([nodes.Node(name, tuple(command))]).run(job, on_event, lambda: False) == 0
    (last,) = [event for event in told if event["event"] == "playbook_on_stats"]
    outputs = last["event_data"]["artifact_data"]["paas_result"]["outputs"]
    assert (seen, outputs["token"]) == ((["first"], "second") if token else ([], None))
    assert [path for path in tmp_path.rglob("*") if "access-token" in path.name] == []
