# SPDX-License-Identifier: Apache-2.0
"""/deployments: what is answered to what."""

from __future__ import annotations

import dataclasses
import json
import re
import uuid

import pytest

from indigo_paas.ground import status
from indigo_paas.service.model import Asked
from tests.service.rest.conftest import ISSUER, TEMPLATE

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d\+0000")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def links(document):
    return {link["rel"]: link["href"] for link in document["links"]}


def test_a_new_deployment_is_answered_whole(client, desk):
    answer = client.post("/deployments", json={"template": TEMPLATE, "parameters": {"n": "2"}})
    assert answer.status_code == 201
    document = answer.json()
    assert uuid.UUID(document["uuid"])
    assert DATE.fullmatch(document["creationTime"])
    assert DATE.fullmatch(document["updateTime"])
    base = f"http://paas.example.org/deployments/{document['uuid']}"
    assert links(document) == {"self": base, "resources": f"{base}/resources", "template": f"{base}/template"}
    assert answer.headers["location"] == base
    del document["creationTime"], document["updateTime"], document["links"], document["uuid"]
    assert document == {
        "status": "CREATE_IN_PROGRESS",
        "outputs": {},
        "task": "DEPLOYER",
        "cloudProviderEndpoint": {},
        "createdBy": {"issuer": ISSUER, "subject": "alice"},
    }


def test_what_is_known_of_a_deployment_is_told(client, desk, made):
    desk.change(
        made["uuid"], site="recas", reason="too small", outputs={"a": None, "b": [1]}, user_group="cms", title="pool"
    )
    document = client.get(f"/deployments/{made['uuid']}").json()
    assert document["physicalId"] == made["uuid"]
    assert document["cloudProviderName"] == "recas"
    assert document["cloudProviderEndpoint"] == {"cpComputeServiceId": "recas"}
    assert document["statusReason"] == "too small"
    assert document["outputs"] == {"a": None, "b": [1]}
    assert (document["userGroup"], document["name"]) == ("cms", "pool")


CLOUD = {"type": "openstack", "endpoint": "https://cloud.example.org:5000/v3"}
OTHER = {"type": "opennebula", "endpoint": None}
ENGINE = {"type": "docker", "endpoint": "ssh://operator@farm.example.org"}


@pytest.mark.parametrize(
    ("about", "endpoint"),
    [
        (
            {"site": "cloud", "endpoints": {"cloud": CLOUD, "farm": ENGINE}},
            {
                "cpEndpoint": "https://cloud.example.org:5000/v3",
                "cpComputeServiceId": "cloud",
                "deploymentType": "OPENSTACK",
            },
        ),
        ({"site": "farm", "endpoints": {"farm": ENGINE}}, {"cpComputeServiceId": "farm"}),
        (
            {
                "site": "one",
                "endpoints": {"one": OTHER, "farm": ENGINE},
                "nodes": [{"name": "a", "site": "one"}, {"name": "b", "site": "farm"}, {"name": "c"}],
            },
            {
                "cpComputeServiceId": "one",
                "deploymentType": "OPENNEBULA",
                "hybridCloudProviderEndpoints": {"farm": {"cpComputeServiceId": "farm"}},
            },
        ),
    ],
)
def test_where_the_nodes_are_is_told_of_clouds(client, desk, made, about, endpoint):
    desk.change(made["uuid"], **about)
    assert client.get(f"/deployments/{made['uuid']}").json()["cloudProviderEndpoint"] == endpoint


def test_one_that_the_command_made_has_its_name(client, desk, made):
    desk.change(made["uuid"], name="pool")
    assert client.get(f"/deployments/{made['uuid']}").json()["name"] == "pool"


def test_all_of_a_request_reaches_the_desk(client, desk):
    body = {
        "template": TEMPLATE,
        "parameters": {"n": "2"},
        "callback": "https://hooks.example.org/x",
        "timeoutMins": "30",
        "providerTimeoutMins": 30,
        "maxProvidersRetry": 2,
        "keepLastAttempt": "true",
        "userGroup": "cms",
        "name": "pool",
        "keepLastAttemp": True,
        "anythingElse": {"is": "ignored"},
    }
    made = client.post("/deployments", json=body).json()
    assert desk.asked[made["uuid"]] == Asked(
        TEMPLATE, {"n": "2"}, "https://hooks.example.org/x", "cms", 30, 30, 2, True, "pool"
    )


def test_what_a_request_does_not_say_is_not_known(client, desk, made):
    assert desk.asked[made["uuid"]] == Asked(TEMPLATE, {}, None, None, None, None, None, None, None)


@pytest.mark.parametrize(
    ("said", "kept"), [("true", True), ("False", False), (True, True), (False, False), (None, None)]
)
def test_keep_last_attempt_may_be_text(client, desk, said, kept):
    made = client.post("/deployments", json={"template": TEMPLATE, "keepLastAttempt": said}).json()
    assert desk.asked[made["uuid"]].keep_last_attempt is kept


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "template: Field required"),
        ({"template": ""}, "template: String should have at least 1 character"),
        ({"template": 5}, "template: Input should be a valid string"),
        ({"template": "wrong"}, "template.yaml:1:1: this is no TOSCA. Write tosca_definitions_version."),
        ({"template": TEMPLATE, "parameters": [1]}, "parameters: Input should be a valid dictionary"),
        ({"template": TEMPLATE, "callback": "ftp://x"}, "callback: String should match pattern '^https?://'"),
        ({"template": TEMPLATE, "timeoutMins": 0}, "timeoutMins: Input should be greater than or equal to 1"),
        ({"template": TEMPLATE, "timeoutMins": True}, "timeoutMins: write a whole number, 1 or more"),
        ({"template": TEMPLATE, "timeoutMins": "0"}, "timeoutMins: write a whole number, 1 or more"),
        (
            {"template": TEMPLATE, "timeoutMins": 2**31},
            "timeoutMins: Input should be less than or equal to 2147483647",
        ),
        ({"template": TEMPLATE, "keepLastAttempt": "perhaps"}, "keepLastAttempt: write true or false"),
        ({"template": TEMPLATE, "keepLastAttempt": 1}, "keepLastAttempt: write true or false"),
        ({"template": TEMPLATE, "timeoutMins": 5, "providerTimeoutMins": 6}, "ProviderTimeout must be <= Timeout"),
        ({"template": "a\0b"}, "The body holds the character NUL (\\u0000), which no text may have."),
        (
            {"template": TEMPLATE, "parameters": {"a": ["\0"]}},
            "The body holds the character NUL (\\u0000), which no text may have.",
        ),
        ([], "Input should be a valid dictionary or instance of DeploymentRequest"),
    ],
)
def test_a_wrong_request_changes_nothing(client, desk, body, message):
    answer = client.post("/deployments", json=body)
    assert answer.status_code == 400
    assert answer.json() == {"code": 400, "title": "Bad Request", "message": message}
    assert desk.rows == {}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"template": NaN}', b'{"template": "\\ud800"}', b"[" * 10_000, b'{"template": "x"} x', b"\xff"],
)
def test_what_is_no_json_is_a_bad_request(client, desk, body):
    answer = client.post("/deployments", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("The body is no JSON: ")
    assert desk.rows == {}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_a_body_of_another_kind_is_not_read(client, made, method, kind):
    path = "/deployments" if method == "post" else f"/deployments/{made['uuid']}"
    headers = {"Content-Type": kind} if kind else {}
    answer = client.request(method, path, content=b'{"template": "x"}', headers=headers)
    assert answer.status_code == 415
    assert answer.json()["title"] == "Unsupported Media Type"


def test_a_charset_does_not_make_another_kind(client):
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post("/deployments", content=b'{"template": "x"}', headers=headers).status_code == 201


def test_a_body_may_not_be_too_large(client, desk):
    answer = client.post("/deployments", json={"template": "x" * 20_000})
    assert answer.status_code == 413
    assert answer.json()["message"] == "The body is larger than the 20000 bytes that it may have."


def test_nor_if_it_does_not_say_its_size(client, desk):
    answer = client.post(
        "/deployments", content=(b"x" * 1000 for _ in range(30)), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert desk.rows == {}


@pytest.mark.parametrize("path", ["/deployments/", "http://paas.example.org//deployments", "/deployments//"])
def test_slashes_too_many_are_not_redirected(client, path):
    assert client.get(path).status_code == 200
    assert client.post(path, json={"template": TEMPLATE}).status_code == 201


@pytest.mark.parametrize("tail", ["", "/", "/template", "/template/", "/resources", "/resources/", "/log/"])
def test_nor_below_a_deployment(client, made, tail):
    assert client.get(f"/deployments/{made['uuid']}{tail}").status_code == 200


def test_an_update_is_accepted_with_the_deployment_as_body(client, desk, made):
    desk.change(made["uuid"], status=status.CREATE_COMPLETE)
    answer = client.put(f"/deployments/{made['uuid']}", json={"template": "other"})
    assert answer.status_code == 202
    assert answer.json()["status"] == "UPDATE_IN_PROGRESS"
    assert client.get(f"/deployments/{made['uuid']}/template").text == "other"


def test_an_update_must_be_possible(client, made):
    answer = client.put(f"/deployments/{made['uuid']}", json={"template": "other"})
    assert answer.status_code == 409
    assert answer.json() == {
        "code": 409,
        "title": "Conflict",
        "message": "Cannot update a deployment in CREATE_IN_PROGRESS state",
    }
    assert "retry-after" not in answer.headers


def test_who_comes_second_may_try_again_at_once(client, desk, made):
    desk.busy = True
    answer = client.put(f"/deployments/{made['uuid']}", json={"template": "other"})
    assert answer.status_code == 409
    assert answer.headers["retry-after"] == "0"


@pytest.mark.parametrize("query", ["", "?force=true", "?force=false"])
def test_a_deletion_is_answered_without_a_body(client, made, query):
    answer = client.delete(f"/deployments/{made['uuid']}{query}")
    assert (answer.status_code, answer.content) == (204, b"")
    again = client.delete(f"/deployments/{made['uuid']}")
    assert again.status_code == 409
    assert again.json()["message"] == "Deployment already in DELETE_IN_PROGRESS state."


def test_a_deletion_can_be_given_up(client, desk, made):
    path = f"/deployments/{made['uuid']}"
    early = client.patch(path, json={"status": "DELETE_FAILED"})
    assert (early.status_code, early.json()["message"]) == (
        409,
        "Cannot reset a deployment in CREATE_IN_PROGRESS state",
    )
    client.delete(path)
    answer = client.patch(path, json={"status": "DELETE_FAILED"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(path).json()["status"] == "DELETE_FAILED"
    assert client.patch(path, json={"status": "CREATE_COMPLETE"}).status_code == 400


@pytest.mark.parametrize("method", ["delete", "put", "patch"])
def test_all_deployments_at_once_cannot_be_changed(client, method):
    answer = client.request(method, "/deployments", json={})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert answer.json()["message"] == f"{method.upper()} is not possible here: use GET or POST."


def test_a_method_that_one_deployment_does_not_know(client, made):
    answer = client.post(f"/deployments/{made['uuid']}", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, PATCH, PUT")


@pytest.mark.parametrize("id", [UNKNOWN, "42", "a%00b", "%F0%9F%92%A9"])
@pytest.mark.parametrize(
    "tail", ["", "/template", "/log", "/extrainfo", "/resources", "/events", f"/resources/{UNKNOWN}"]
)
def test_an_unknown_deployment(client, id, tail):
    answer = client.get(f"/deployments/{id}{tail}")
    assert answer.status_code == 404
    assert answer.json()["title"] == "Not Found"
    assert re.fullmatch(r"The deployment <.*> doesn't exist", answer.json()["message"], re.DOTALL)


def test_a_uuid_may_be_written_in_capitals(client, made):
    assert client.get(f"/deployments/{made['uuid'].upper()}").status_code == 200


def test_the_deployment_of_somebody_else_is_not_there(connect, made):
    path = f"/deployments/{made['uuid']}"
    bob = connect("bob")
    assert [bob.request(method, path, json=body).status_code for method, body in _VERBS] == [404] * 4
    assert connect("admin").get(path).status_code == 200


_VERBS = [("GET", None), ("DELETE", None), ("PUT", {"template": "x"}), ("PATCH", {"status": "DELETE_FAILED"})]


def test_the_site_s_facts_are_json(client, desk, made):
    path = f"/deployments/{made['uuid']}/extrainfo"
    assert client.get(path).text == "[]"
    desk.change(made["uuid"], nodes=[{"name": "server-0", "public_address": ["198.51.100.7"]}])
    assert client.get(path).json() == [{"name": "server-0", "public_address": ["198.51.100.7"]}]


def test_there_is_nothing_elsewhere(client):
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.json() == {"code": 404, "title": "Not Found", "message": "There is nothing at /nowhere."}


def test_a_node_tells_the_provider_of_its_own_site(client, desk, made):
    uuid = made["uuid"]
    desk.change(uuid, site="farm", endpoints={"farm": ENGINE, "cloud": CLOUD})
    desk.nodes[uuid] = [dataclasses.replace(desk.nodes[uuid][0], node="server-0", metadata={"site": "cloud"})]
    listed = client.get(f"/deployments/{uuid}/resources").json()["content"]
    filtered = client.get(f"/deployments/{uuid}/resources/filter", params={"type": listed[0]["toscaNodeType"]}).json()
    alone = client.get(f"/deployments/{uuid}/resources/{listed[0]['uuid']}").json()
    assert listed == filtered == [alone]
    [system] = json.loads(alone["metadata"]["VirtualMachineInfo"])["vmProperties"]
    assert (system["provider.type"], system["provider.host"]) == ("OpenStack", "cloud.example.org")
