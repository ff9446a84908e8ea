# SPDX-License-Identifier: Apache-2.0
"""The command on a server that is a process of its own, with everything behind it but the cloud."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.cli.conftest import TEMPLATE
from tests.conftest import BIN
from tests.servers import free_port, start_service
from tests.service.core import fake
from tests.service.core.conftest import Service


@pytest.fixture
def server(tmp_path):
    """The URL of `indigo-paas serve` without tokens, on a fake site."""
    service = Service(tmp_path / "server")
    port = free_port()
    config = tmp_path / "service.toml"
    config.write_text("[identity]\nanonymous = true\n")
    env = {**service.env, "FAKE_SAYS": "hello"}
    process = start_service(fake.COMMAND, config, port, tmp_path / "serve.txt", env)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)
        service.close()


@pytest.fixture
def run(server, tmp_path):
    def call(*arguments, status=0):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("INDIGO_PAAS_", "ORCHENT_"))}
        done = subprocess.run(
            [str(BIN / "indigo-paas"), *map(str, arguments)],
            env={**env, "INDIGO_PAAS_HOME": str(tmp_path / "mine"), "INDIGO_PAAS_URL": server},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return call


def test_the_life_of_a_deployment_at_a_real_server(run, tmp_path):
    template = tmp_path / "server.yaml"
    template.write_text(TEMPLATE)

    def told(*arguments):
        return json.loads(run(*arguments, "--json").stdout)

    made = told("deploy", template, "--name", "pool")
    assert (made["name"], made["status"], made["site"]) == ("pool", "CREATE_COMPLETE", "here")
    assert [node["name"] for node in made["nodes"]] == ["server-0"]
    assert made["outputs"]["said"] == "hello"
    assert made["seconds"]
    shown = told("show", "pool")
    assert [(one["command"], one["state"]) for one in shown["runs"]] == [("deploy", "ok")]
    scaled = told("scale", "pool", "server=2")
    assert (scaled["status"], len(scaled["nodes"])) == ("UPDATE_COMPLETE", 2)
    assert [node["name"] for node in told("scale", "pool", "--remove", "server-0")["nodes"]] == ["server-1"]
    assert told("resume", "pool")["status"] == "UPDATE_COMPLETE"
    assert "wn" in run("scale", "pool", "wn=2", status=2).stderr
    (row,) = told("list")
    assert (row["name"], row["site"]) == ("pool", "here")
    events = told("events", "pool")
    assert [event["text"] for event in events if event["kind"] == "command"] == ["deploy", *["update"] * 3]
    assert told("destroy", "pool", "--yes")["status"] == "DELETE_COMPLETE"
    assert told("list") == []
    # Nothing of it was ever on this machine.
    assert not (tmp_path / "mine" / "deployments").exists()
