# SPDX-License-Identifier: Apache-2.0
"""The whole service: the API over the real desk, its queue, and jobs in processes of their own, on a fake site."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from indigo_paas.service.app import make_app
from tests.cli.conftest import TEMPLATE
from tests.service.core.conftest import Service, wait_until
from tests.service.rest.orchent import Failed, Orchent
from tests.service.rest.test_callbacks import listening


@pytest.fixture
def service(tmp_path):
    made = Service(
        tmp_path,
        INDIGO_PAAS_IDENTITY_ANONYMOUS="true",
        INDIGO_PAAS_CALLBACKS_ALLOW_PRIVATE="true",
        INDIGO_PAAS_CALLBACKS_SECRET="shared",
        INDIGO_PAAS_REST_POLL="0.05",
    )
    yield made
    made.close()


@pytest.fixture
def app(service):
    return make_app(service.settings, service.desk)


@pytest.fixture
def client(app):
    return TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1))


@pytest.fixture
def orchent(served):
    return Orchent(served, None)


def test_a_life_as_orchent_leads_it(service, orchent, client):
    service.supervisor()
    with listening(204) as hook:
        made = orchent.depcreate(TEMPLATE, '{"count": "2"}', callback=hook.url, keepLastAttempt="true")["uuid"]
        assert wait_until(lambda: orchent.depshow(made)["status"] != "CREATE_IN_PROGRESS")
        shown = orchent.depshow(made)
        assert shown["status"] == "CREATE_COMPLETE", service.logs()
        assert "said" in shown["outputs"]
        assert shown["cloudProviderName"] == "here"
        assert [one["uuid"] for one in orchent.depls()] == [made]
        resources = orchent.resls(made)
        assert [one["toscaNodeName"] for one in resources] == ["server", "server"]
        assert orchent.resshow(made, resources[0]["uuid"]) == resources[0]
        assert orchent.deptemplate(made).strip() == TEMPLATE.strip()
        assert orchent.deplog(made)
        assert isinstance(orchent.extrainfo(made), list)
        wait_until(lambda: hook.got)
        assert json.loads(hook.got[0][2])["status"] == "CREATE_COMPLETE"
        assert orchent.depupdate(made, TEMPLATE, '{"count": "1"}')["status"] == "UPDATE_IN_PROGRESS"
        wait_until(lambda: orchent.depshow(made)["status"] != "UPDATE_IN_PROGRESS")
        assert orchent.depshow(made)["status"] == "UPDATE_COMPLETE", service.logs()
        assert len(orchent.resls(made)) == 1
        wait_until(lambda: len(hook.got) == 2)
        orchent.depdel(made)
        wait_until(lambda: service.status(made) == "GONE")
    with pytest.raises(Failed, match=r"\[404\]: The deployment .* doesn't exist"):
        orchent.depshow(made)
    text = client.get("/metrics").text
    for kind in "create", "update", "delete":
        assert f'indigo_paas_job_seconds_count{{kind="{kind}",state="ok"}} 1.0' in text


def test_the_events_of_a_creation(service, client):
    service.supervisor()
    made = client.post("/deployments", json={"template": TEMPLATE}).json()["uuid"]
    names = [
        line.removeprefix("event: ")
        for line in client.get(f"/deployments/{made}/events").text.splitlines()
        if line.startswith("event: ")
    ]
    assert {"status", "step", "end"} <= set(names)
    assert names[-1] == "status"
    assert client.get(f"/deployments/{made}").json()["status"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    "template",
    ["", "{", "a: b", "tosca_definitions_version: tosca_simple_yaml_1_0\nnode_templates: 5\n", "&a [*a]", "\t"],
)
def test_a_wrong_template_is_told_and_nothing_is_kept(client, template):
    answer = client.post("/deployments", json={"template": template})
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"]
    assert client.get("/deployments").json()["page"]["totalElements"] == 0


def test_what_lists_are_sorted_and_filtered_by(client):
    made = [client.post("/deployments", json={"template": TEMPLATE, "name": f"d{n}"}).json() for n in range(3)]
    for name in "createdAt", "updatedAt", "id", "name", "status", "task", "userGroup", "cloudProviderName":
        for direction in "asc", "desc":
            assert client.get(f"/deployments?sort={name},{direction}").status_code == 200
    assert [one["name"] for one in client.get("/deployments?sort=name,desc").json()["content"]] == ["d2", "d1", "d0"]
    assert client.get("/deployments?createdBy=me").json()["page"]["totalElements"] == 3
    others = client.get("/deployments?createdBy=x@https://y")
    assert others.status_code == 403
    assert others.json()["message"].startswith("Only admin can retrieve deployments for ")
    assert client.get("/deployments?userGroup=cms").json()["content"] == []
    path = f"/deployments/{made[0]['uuid']}/resources"
    for name in "createdAt", "updatedAt", "id", "state", "toscaNodeType", "toscaNodeName":
        assert client.get(f"{path}?sort={name}").status_code == 200
    assert len(client.get(f"{path}/filter?type=tosca.nodes.indigo.Compute").json()) == 1


def test_a_name_is_the_owner_s_only_once(client):
    body = {"template": TEMPLATE, "name": "pool"}
    assert client.post("/deployments", json=body).status_code == 201
    again = client.post("/deployments", json=body)
    assert again.status_code in (400, 409), again.text


def test_a_deletion_before_anything_was_made_is_at_once(client):
    made = client.post("/deployments", json={"template": TEMPLATE}).json()["uuid"]
    assert client.delete(f"/deployments/{made}").status_code == 204
    assert client.get(f"/deployments/{made}").status_code == 404


def test_the_service_is_ready(client):
    assert client.get("/ready").json() == {"status": "UP"}
