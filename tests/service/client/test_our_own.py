# SPDX-License-Identifier: Apache-2.0
"""The client and the API of this project: over ASGI in this process, and over a socket."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest

from indigo_paas import __version__
from indigo_paas.client import AsyncOrchestrator, Event, Orchestrator, StatusChange
from indigo_paas.errors import BadInput, Conflict, Forbidden, NotFound
from tests.service.client.conftest import QUICK
from tests.service.client.lively import ISSUER, app_of, served

TEMPLATE = "tosca_definitions_version: tosca_simple_yaml_1_0\n"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_the_life_of_a_deployment(connect, url, desk):
    client = connect(url=url)
    desk.go_on.clear()
    made = client.create(TEMPLATE, {"n": "2"}, name="pool", callback=None, keepLastAttempt=True)
    assert (made.name, made.status, made.owner.issuer) == ("pool", "CREATE_IN_PROGRESS", ISSUER)
    assert desk.asked[made.uuid].parameters == {"n": "2"}
    assert desk.asked[made.uuid].keep_last_attempt is True
    told = []
    for one in client.events(made.uuid):
        told.append(one)
        desk.go_on.set()
    assert [one.status for one in told if isinstance(one, StatusChange)] == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    events = [one for one in told if isinstance(one, Event)]
    assert [one.kind for one in events] == ["command", "step", "changed", "step_done", "end"]
    assert events[3].seconds == pytest.approx(0.1)
    done = client.wait(made.uuid, timeout=60)
    assert (done.status, done.outputs, done.site) == ("CREATE_COMPLETE", {"ip": "198.51.100.7"}, "recas")
    assert client.template(made.uuid) == TEMPLATE
    assert client.extrainfo(made.uuid)[0]["name"] == "server-0"
    assert client.log(made.uuid)
    client.update(made.uuid, f"{TEMPLATE}# other\n")
    later = list(client.events(made.uuid, after=events[-1].id))
    assert [one.text for one in later if isinstance(one, Event) and one.kind == "command"] == ["update"]
    assert later[-1] == StatusChange("UPDATE_COMPLETE")
    client.delete(made.uuid)
    assert client.wait(made.uuid, timeout=60, deleted=True) is None
    with pytest.raises(NotFound, match=made.uuid):
        client.deployment(made.uuid)


def test_what_is_said_about_the_server(connect, url):
    client = connect(url=f"{url}/", token="")
    told = client.info()
    assert (told.name, told.version) == ("indigo-paas", __version__)
    assert client.url == url
    with pytest.raises(Forbidden, match="INDIGO_PAAS_TOKEN"):
        client.configuration()
    assert set(connect(url=url).configuration().values()) == {""}


def test_a_list_of_several_pages(connect, url, desk, monkeypatch):
    monkeypatch.setattr("indigo_paas.client.calls.deployments.__defaults__", (None, None, 2))
    client = connect(url=url)
    desk.seconds = 60
    made = {client.create(TEMPLATE, userGroup="cms" if number else None).uuid for number in range(5)}
    assert {one.uuid for one in client.deployments()} == made
    assert len(list(client.deployments("me", "cms"))) == 4
    assert list(client.deployments(f"bob@{ISSUER}")) == []


def test_resources_and_actions(connect, url, desk):
    client = connect(url=url)
    made = client.create(TEMPLATE)
    found = list(client.resources(made.uuid))
    assert [one.name for one in found] == ["server", "server"]
    assert client.resource(made.uuid, found[0].uuid) == found[0]
    client.act(made.uuid, found[0].uuid, "stop")
    assert desk.acted == [(found[0].uuid, "stop")]
    with pytest.raises(BadInput):
        client.act(made.uuid, found[0].uuid, "dance")


def test_the_words_of_the_server(connect, url, desk):
    client = connect(url=url)
    desk.seconds = 60
    with pytest.raises(BadInput, match=r"^template.yaml:1:1: this is no TOSCA"):
        client.create("wrong")
    made = client.create(TEMPLATE)
    with pytest.raises(Conflict, match="^Cannot update a deployment in CREATE_IN_PROGRESS state$"):
        client.update(made.uuid, TEMPLATE)
    with pytest.raises(Conflict, match="^Cannot reset a deployment in CREATE_IN_PROGRESS state$"):
        client.reset(made.uuid)
    client.delete(made.uuid)
    client.reset(made.uuid)
    assert client.deployment(made.uuid).status == "DELETE_FAILED"
    with pytest.raises(NotFound, match=UNKNOWN):
        client.deployment(UNKNOWN)
    with pytest.raises(Forbidden, match="The token is not known"):
        connect(url=url, token="mallory").deployment(made.uuid)


def test_a_stream_goes_on_where_the_server_ends_it(connect, desk, tmp_path):
    desk.seconds = 1.5
    with served(app_of(desk, tmp_path, stream_seconds=0.2)) as url:
        client = connect(url=url)
        made = client.create(TEMPLATE)
        told = list(client.events(made.uuid))
    assert [one.id for one in told if isinstance(one, Event)] == [1, 2, 3, 4, 5]
    assert [one.status for one in told if isinstance(one, StatusChange)] == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


def test_what_happened_until_now_does_not_wait(connect, url, desk):
    desk.go_on.clear()
    client = connect(url=url)
    made = client.create(TEMPLATE)
    try:
        for _ in range(500):
            told = list(client.events(made.uuid, until_now=True))
            if len(told) == 3:
                break
        assert [one.kind for one in told if isinstance(one, Event)] == ["command", "step"]
        assert told[-1] == StatusChange("CREATE_IN_PROGRESS")
    finally:
        desk.go_on.set()


def test_one_client_serves_several_threads(url, desk):
    client = Orchestrator(url, "alice", retries=QUICK)
    made = []
    threads = [threading.Thread(target=lambda: made.append(client.create(TEMPLATE).uuid)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(made) == set(desk.rows)
    assert len(made) == 8


def test_over_asgi_without_a_network(desk, tmp_path):
    async def token():
        return "alice"

    async def life():
        transport = httpx.ASGITransport(app_of(desk, tmp_path), client=("127.0.0.1", 5))
        async with AsyncOrchestrator("http://paas.example.org", token, retries=QUICK, transport=transport) as client:
            made = await asyncio.gather(*(client.create(TEMPLATE, name=f"pool-{number}") for number in range(3)))
            found = await asyncio.gather(*(client.wait(one.uuid, timeout=60) for one in made))
            listed = [one.name async for one in client.deployments()]
            told = [one async for one in client.events(made[0].uuid)]
            return found, listed, told

    found, listed, told = asyncio.run(life())
    assert [one.status for one in found] == ["CREATE_COMPLETE"] * 3
    assert sorted(listed) == ["pool-0", "pool-1", "pool-2"]
    assert told[-1] == StatusChange("CREATE_COMPLETE")
