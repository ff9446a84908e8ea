# SPDX-License-Identifier: Apache-2.0
"""The life of an HTCondor pool behind the REST API: made by orpy, scaled by CLUES, deleted. One pool, in this order."""

from __future__ import annotations

import re
import signal
import time

import docker
import pytest
import yaml
from orpy.client.client import OrpyClient

from tests.service.end_to_end.clues import Clues, Lrms
from tests.service.end_to_end.conftest import Server

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TEMPLATE = "examples/htcondor_pool.yaml"
MINUTE = "%Y-%m-%dT%H:%M"


@pytest.fixture(scope="module")
def pool(server: Server, root) -> str:
    """The UUID of a pool without workers, whose slots are called as CLUES wants it."""
    orpy = OrpyClient(server.url, token=server.provider.token())
    template = yaml.safe_load((root / TEMPLATE).read_text())
    template["topology_template"]["node_templates"]["worker_node"]["properties"]["slots"] = "static"
    return str(orpy.deployments.create(yaml.safe_dump(template), parameters={"wn_num": "0"}).uuid)


@pytest.fixture
def clues(server: Server, pool: str) -> Clues:
    return Clues(server.url, pool, server.provider.token())


def nodes_of_engine(pool: str) -> list[str]:
    found = docker.from_env().containers.list(all=True, filters={"label": f"indigo.paas.deployment={pool}"})
    return sorted(one.labels["indigo.paas.hostname"] for one in found)


def test_the_pool_comes_to_be(server, pool, clues):
    shown = server.ask("GET", f"/deployments/{pool}").json()
    assert shown["status"] == "CREATE_IN_PROGRESS"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d\+0000", shown["creationTime"])
    assert clues.wait() == "CREATE_COMPLETE", server.ask("GET", f"/deployments/{pool}").text
    shown = server.ask("GET", f"/deployments/{pool}").json()
    [front] = clues.resources()
    assert (front["toscaNodeName"], front["state"]) == ("fe_server", "STARTED")
    assert shown["outputs"]["cluster_ip"] == front["metadata"]["private_address"][0]
    assert shown["cloudProviderName"] == "local"
    assert Lrms(pool).machines() == []


def test_nobody_else_sees_it(server, pool, clues):
    [front] = clues.resources()
    assert server.ask("GET", "/deployments", user="bob").json()["content"] == []
    for path in ("", "/template", "/log", "/extrainfo", "/resources", f"/resources/{front['uuid']}", "/events"):
        assert server.ask("GET", f"/deployments/{pool}{path}", user="bob").status_code == 404, path
    assert server.ask("DELETE", f"/deployments/{pool}", user="bob").status_code == 404
    assert [one["uuid"] for one in server.ask("GET", "/deployments", user="root").json()["content"]] == [pool]


def test_the_command_sees_it(server, pool):
    [entry] = server.command.json("list")
    assert (entry["uuid"], entry["status"]) == (pool, "CREATE_COMPLETE")


def test_clues_adds_workers(server, pool, clues):
    # What was made in another minute than the front end is a worker.
    [front] = clues.resources()
    while time.strftime(MINUTE, time.gmtime()) == front["creationTime"][:16]:
        time.sleep(1)
    first = clues.power_on("vnode-1")
    assert first["state"] in ("CREATING", "INITIAL")
    assert not clues.may_act()
    refused = server.ask("PUT", f"/deployments/{pool}", json={"template": "tosca_definitions_version: x"})
    assert (refused.status_code, refused.json()["code"]) == (409, 409)
    assert clues.wait() == "UPDATE_COMPLETE"
    second = clues.power_on("vnode-2")
    demands: list[int] = []
    assert clues.wait(look=lambda: demands.append(Lrms(pool).demand())) == "UPDATE_COMPLETE"
    # Our own check runs a job; nobody has to make a machine for it.
    assert demands
    assert max(demands) == 0
    # The newest comes first.
    assert [each["uuid"] for each in clues.workers()] == [second["uuid"], first["uuid"]]
    assert {each["state"] for each in clues.resources()} == {"STARTED"}
    assert Lrms(pool).machines() == ["vnode-1", "vnode-2"]


def test_a_node_is_stopped_and_started(server, pool, clues):
    worker = clues.workers()[0]
    for action, state in (("stop", "STOPPED"), ("start", "STARTED")):
        path = f"/deployments/{pool}/resources/{worker['uuid']}"
        assert server.ask("POST", f"{path}/actions", json={"type": action}).status_code == 202
        deadline = time.monotonic() + 180
        while (now := server.ask("GET", path).json()["state"]) != state:
            assert time.monotonic() < deadline, now
            time.sleep(1)
    assert clues.status() == "UPDATE_COMPLETE"


def test_clues_takes_the_worker_that_it_names(server, pool, clues):
    kept, victim = clues.workers()
    clues.power_off(victim["uuid"])
    assert clues.wait() == "UPDATE_COMPLETE"
    assert [each["uuid"] for each in clues.workers()] == [kept["uuid"]]
    assert nodes_of_engine(pool) == ["htcondor", "vnode-2"]
    assert Lrms(pool).machines() == ["vnode-2"]
    # The list is for one update; what is stored does not have it.
    assert victim["uuid"] not in server.ask("GET", f"/deployments/{pool}/template").text


def test_the_history_is_told(server, pool):
    told = server.ask("GET", f"/deployments/{pool}/log").text
    assert "Set up the services" in told
    assert {node["name"] for node in server.ask("GET", f"/deployments/{pool}/extrainfo").json()} == {
        "htcondor",
        "vnode-2",
    }


def test_a_killed_server_goes_on_with_what_it_was_doing(server, pool, clues):
    added = clues.power_on("vnode-3")
    server.end(signal.SIGKILL)
    server.start()
    assert clues.wait() == "UPDATE_COMPLETE"
    assert added["uuid"] in [each["uuid"] for each in clues.workers()]
    assert Lrms(pool).machines() == ["vnode-2", "vnode-3"]


def test_it_is_deleted(server, pool):
    assert server.ask("DELETE", f"/deployments/{pool}").status_code == 204
    assert server.ask("DELETE", f"/deployments/{pool}").status_code == 409
    deadline = time.monotonic() + 180
    while (answer := server.ask("GET", f"/deployments/{pool}")).status_code != 404:
        assert time.monotonic() < deadline, answer.text
        time.sleep(1)
    assert nodes_of_engine(pool) == []
    assert server.command.json("list") == []
