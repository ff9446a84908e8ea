# SPDX-License-Identifier: Apache-2.0
"""The INDIGO Orchestrator's own JSON: fields that are null are left out, and none of our extensions are there."""

from __future__ import annotations

import json

import httpx
import pytest

from indigo_paas.client import Info, Owner
from indigo_paas.errors import BadInput, Conflict, Forbidden, IndigoError, NotFound

UUID = "11ec4b1e-4f4e-8a5e-b2b0-0242ac110002"
BASE = "https://paas.example.org"
NEW = {
    "uuid": UUID,
    "creationTime": "2016-11-02T22:31+0000",
    "updateTime": "2016-11-02T22:32+0000",
    "status": "CREATE_IN_PROGRESS",
    "outputs": {},
    "task": "NONE",
    "createdBy": {"issuer": "https://iam.example.org/", "subject": "b72f"},
    "links": [
        {"rel": "self", "href": f"{BASE}/deployments/{UUID}"},
        {"rel": "resources", "href": f"{BASE}/deployments/{UUID}/resources"},
        {"rel": "template", "href": f"{BASE}/deployments/{UUID}/template"},
    ],
}
DONE = {
    **NEW,
    "status": "CREATE_COMPLETE",
    "physicalId": "5b1d",
    "outputs": {"cluster_ip": "198.51.100.7"},
    "cloudProviderName": "provider-RECAS-BARI",
    "cloudProviderEndpoint": {
        "cpEndpoint": "https://cloud.example.org:5000/v3",
        "cpComputeServiceId": "4401",
        "deploymentType": "OPENSTACK",
        "hybridCloudProviderEndpoints": {},
    },
}
NODE = {
    "uuid": "11ec4b1e-4f4e-8a5e-b2b0-0242ac110003",
    "creationTime": "2016-11-02T22:31+0000",
    "updateTime": "2016-11-02T22:31+0000",
    "physicalId": "0",
    "state": "STARTED",
    "toscaNodeType": "tosca.nodes.indigo.Compute",
    "toscaNodeName": "wn_server",
    "requiredBy": [],
    "links": [{"rel": "self", "href": f"{BASE}/deployments/{UUID}/resources/1"}],
}


def a_page(content, number, total):
    return {
        "links": [{"rel": "next", "href": "https://elsewhere.example.org/deployments?page=1"}],
        "content": content,
        "page": {"size": 1, "totalElements": total, "totalPages": total, "number": number},
    }


@pytest.fixture
def original(connect):
    """A client of a server that gives ANSWERS by method and path; what it is asked is in `asked`."""

    def make(answers, **kwargs):
        def handler(request):
            asked.append(request)
            given = answers[f"{request.method} {request.url.path}"]
            status, body = given(request) if callable(given) else given
            if isinstance(body, str):
                return httpx.Response(status, text=body)
            return httpx.Response(status, json=body) if body is not None else httpx.Response(status)

        asked: list[httpx.Request] = []
        client = connect(handler, **kwargs)
        return client, asked

    return make


def test_what_is_not_told_is_not_known(original):
    client, asked = original({f"GET /deployments/{UUID}": (200, NEW)})
    found = client.deployment(UUID)
    assert (found.uuid, found.status, found.at_rest) == (UUID, "CREATE_IN_PROGRESS", False)
    assert (found.name, found.site, found.physical_id, found.callback, found.user_group) == (None,) * 5
    assert (found.reason, found.outputs) == ("", {})
    assert found.created == 1478125860.0
    assert found.owner == Owner("b72f", "https://iam.example.org/")
    assert found.links["template"] == f"{BASE}/deployments/{UUID}/template"
    assert found.document == NEW
    assert asked[0].headers["authorization"] == "Bearer alice"


def test_a_complete_one(original):
    client, _ = original({f"GET /deployments/{UUID}": (200, DONE)})
    found = client.deployment(UUID)
    assert (found.site, found.physical_id, found.at_rest) == ("provider-RECAS-BARI", "5b1d", True)
    assert found.outputs == {"cluster_ip": "198.51.100.7"}


def test_creating_sends_what_is_said_only(original):
    client, asked = original({"POST /deployments": (201, NEW)})
    assert client.create("text", {"n": 2}, maxProvidersRetry=3, callback=None).uuid == UUID
    assert json.loads(asked[0].content) == {"template": "text", "parameters": {"n": 2}, "maxProvidersRetry": 3}
    assert asked[0].headers["content-type"] == "application/json"


def test_an_update_without_a_body_in_the_answer(original):
    client, asked = original({f"PUT /deployments/{UUID}": (202, None)})
    assert client.update(UUID, "text") is None
    assert json.loads(asked[0].content) == {"template": "text", "parameters": {}}


def test_deleting_and_giving_up(original):
    client, asked = original({f"DELETE /deployments/{UUID}": (204, None), f"PATCH /deployments/{UUID}": (204, None)})
    assert client.delete(UUID) is None
    assert client.delete(UUID, force=True) is None
    assert client.reset(UUID) is None
    assert [request.url.query for request in asked] == [b"", b"force=true", b""]
    assert json.loads(asked[2].content) == {"status": "DELETE_FAILED"}


def test_all_pages_of_a_list_from_the_same_host(original):
    others = [{**NEW, "uuid": f"{number}"} for number in range(3)]
    # The second page repeats what moved there from the first.
    pages = [others[:2], others[1:]]

    def page(request):
        number = int(request.url.params["page"])
        return 200, a_page(pages[number], number, 2)

    client, asked = original({"GET /deployments": page})
    assert [one.uuid for one in client.deployments("me", "cms")] == ["0", "1", "2"]
    assert {request.url.host for request in asked} == {"paas.example.org"}
    assert asked[1].url.params["createdBy"] == "me"
    assert asked[1].url.params["userGroup"] == "cms"


def test_an_empty_list_has_no_content(original):
    page = {"links": [], "page": {"size": 10, "totalElements": 0, "totalPages": 0, "number": 0}}
    client, _ = original({"GET /deployments": (200, page)})
    assert list(client.deployments()) == []


def test_resources_and_actions(original):
    rid = NODE["uuid"]
    place = f"/deployments/{UUID}/resources"
    client, asked = original(
        {
            f"GET {place}": (200, a_page([NODE], 0, 1)),
            f"GET {place}/{rid}": (200, NODE),
            f"POST {place}/{rid}/actions": (202, None),
        }
    )
    (found,) = client.resources(UUID, type="tosca.nodes.indigo.Compute")
    assert (found.name, found.state, found.physical_id, found.metadata) == ("wn_server", "STARTED", "0", {})
    assert client.resource(UUID, rid) == found
    client.act(UUID, rid, "stop")
    assert json.loads(asked[2].content) == {"type": "stop"}


def test_texts_and_facts(original):
    client, _ = original(
        {
            f"GET /deployments/{UUID}/template": (200, '{"this": "is text"}'),
            f"GET /deployments/{UUID}/log": (200, "one\ntwo\n"),
            f"GET /deployments/{UUID}/extrainfo": (200, "[]"),
            "GET /info": (200, {"projectVersion": "2.4", "serverHostname": "h", "projectRevision": "abc"}),
            "GET /configuration": (200, {"cpr_url": "http://cpr", "im_url": None}),
        }
    )
    assert client.template(UUID) == '{"this": "is text"}'
    assert client.log(UUID) == "one\ntwo\n"
    assert client.extrainfo(UUID) == []
    assert client.info() == Info("", "2.4", "abc", "h")
    assert client.configuration() == {"cpr_url": "http://cpr", "im_url": ""}


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (404, {"code": 404, "title": "Not Found", "message": "It doesn't exist"}, NotFound, "It doesn't exist"),
        (409, {"code": 409, "title": "Conflict", "message": "Cannot update"}, Conflict, "Cannot update"),
        (403, {"error": "insufficient_scope", "error_description": "offline_access"}, Forbidden, "offline_access"),
        (401, {"error": "invalid_token"}, Forbidden, "invalid_token"),
        (400, "<html>", BadInput, "<html>"),
        (500, {"title": "Oh"}, IndigoError, "The server answered 500: Oh"),
        (418, None, IndigoError, "The server answered 418: I'm a Teapot."),
        (599, None, IndigoError, "The server answered 599: it gave no reason."),
    ],
)  # fmt: skip
def test_errors_have_the_words_of_the_server(original, status, body, kind, words):
    client, _ = original({f"GET /deployments/{UUID}": (status, body)})
    with pytest.raises(IndigoError) as caught:
        client.deployment(UUID)
    assert type(caught.value) is kind
    assert str(caught.value) == words


def test_without_a_token_it_is_said_how_to_give_one(original):
    client, asked = original({"GET /configuration": (401, {"error_description": "A token is needed."})}, token="")
    with pytest.raises(Forbidden, match=r"^A token is needed\. Give a token with INDIGO_PAAS_TOKEN\.$"):
        client.configuration()
    assert "authorization" not in asked[0].headers


@pytest.mark.parametrize(
    "body", ["no JSON", "[]", '{"status": "CREATE_COMPLETE"}', '{"uuid": "1"}', "null", '{"uuid": null, "status": ""}']
)
def test_what_is_no_deployment_is_an_error(original, body):
    client, _ = original({f"GET /deployments/{UUID}": (200, body)})
    with pytest.raises(IndigoError, match="The server's answer"):
        client.deployment(UUID)


@pytest.mark.parametrize("uuid", ["", "..", "a/b", "a?b", "x" * 65, "a\nb"])
def test_an_id_cannot_lead_elsewhere(original, uuid):
    client, asked = original({})
    with pytest.raises(BadInput, match="is no UUID"):
        client.deployment(uuid)
    assert asked == []


def test_a_server_that_is_elsewhere_gets_no_token(connect):
    asked = []

    def handler(request):
        asked.append(request)
        return httpx.Response(307, headers={"Location": "https://elsewhere.example.org/info"})

    with pytest.raises(IndigoError, match="sends us on to https://elsewhere"):
        connect(handler).info()
    assert len(asked) == 1


def test_waiting_looks_again_until_it_is_at_rest(original, monkeypatch):
    monkeypatch.setattr("indigo_paas.client.steps.FIRST_PAUSE", 0.001)
    answers = iter([(200, NEW), (200, NEW), (200, DONE)])
    client, asked = original({f"GET /deployments/{UUID}": lambda _request: next(answers)})
    assert client.wait(UUID).status == "CREATE_COMPLETE"
    assert len(asked) == 3


def test_waiting_ends_when_it_is_gone(original, monkeypatch):
    monkeypatch.setattr("indigo_paas.client.steps.FIRST_PAUSE", 0.001)
    answers = iter([(200, {**NEW, "status": "DELETE_IN_PROGRESS"}), (404, None), (404, None), (404, None)])
    client, _ = original({f"GET /deployments/{UUID}": lambda _request: next(answers)})
    assert client.wait(UUID) is None
    assert client.wait(UUID, deleted=True) is None
    with pytest.raises(NotFound):
        client.wait(UUID)


def test_waiting_has_an_end(original, monkeypatch):
    from indigo_paas.client import TookTooLong

    monkeypatch.setattr("indigo_paas.client.steps.FIRST_PAUSE", 0.001)
    client, _ = original({f"GET /deployments/{UUID}": (200, NEW)})
    with pytest.raises(TookTooLong, match=r"is still CREATE_IN_PROGRESS after 0\.01 s"):
        client.wait(UUID, timeout=0.01)


def test_a_server_without_events_says_so(original):
    client, _ = original({f"GET /deployments/{UUID}/events": (404, {"message": "No message available"})})
    with pytest.raises(NotFound, match="No message available"):
        list(client.events(UUID))
