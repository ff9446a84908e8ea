# SPDX-License-Identifier: Apache-2.0
"""What happens around every request: ids, logs, proxies, faults, and what the service says of itself."""

from __future__ import annotations

import json
import logging
import re
import uuid

import pytest

from indigo_paas import __version__
from indigo_paas.errors import IndigoError
from indigo_paas.service.app import make_app
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.settings import Neighbours, Rest, Server, ServiceSettings


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, "indigo_paas.service.access")
    return lambda: [
        json.loads(record.message) for record in caplog.records if record.name == "indigo_paas.service.access"
    ]


def test_a_request_keeps_its_id(client):
    answer = client.get("/info", headers={"X-Request-ID": "dashboard-42"})
    assert answer.headers["x-request-id"] == "dashboard-42"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, 'a"b', "a\tb", "<b>"])
def test_a_strange_id_is_replaced(client, given):
    answer = client.get("/info", headers={"X-Request-ID": given})
    assert uuid.UUID(answer.headers["x-request-id"])


def test_each_request_is_one_line_of_the_log(client, log, made):
    client.get(f"/deployments/{made['uuid']}?access_token=secret", headers={"X-Request-ID": "r1"})
    line = log()[-1]
    assert line.pop("milliseconds") >= 0
    assert line.pop("time") > 1e9
    assert line == {
        "request_id": "r1",
        "client": "127.0.0.1",
        "method": "GET",
        "path": f"/deployments/{made['uuid']}",
        "route": "/deployments/{id}",
        "status": 200,
        "subject": "alice",
        "issuer": "https://iam.example.org/",
    }


def test_no_token_is_logged(connect, caplog):
    caplog.set_level(logging.DEBUG)
    client = connect("sesame")
    client.get("/deployments")
    client.get("/deployments?access_token=sesame")
    client.post("/deployments", content=b"sesame", headers={"Content-Type": "sesame"})
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("indigo_paas")]
    assert len(ours) >= 3
    assert not [line for line in ours if "sesame" in line]


def test_who_is_not_let_in_is_logged_without_a_name(connect, log):
    connect(None).get("/deployments")
    assert (log()[-1]["status"], log()[-1]["subject"]) == (401, None)


def test_a_path_cannot_forge_a_line(client, log):
    client.get("/nowhere%0a%7b%22status%22%3a200%7d")
    assert log()[-1]["path"] == '/nowhere\n{"status":200}'


@pytest.mark.parametrize("header", ["Bearer alice", "Beareralice", "bearer alice"])
def test_both_ways_to_write_a_token(connect, header):
    assert connect(None).get("/deployments", headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "error"), [({}, "unauthorized"), ({"Authorization": "Bearer mallory"}, "invalid_token")]
)
def test_without_a_good_token_nothing_is_done(connect, headers, error):
    client = connect(None)
    for method, path in [
        ("GET", "/deployments"),
        ("POST", "/deployments"),
        ("GET", "/deployments/42"),
        ("PUT", "/deployments/42"),
        ("PATCH", "/deployments/42"),
        ("DELETE", "/deployments/42"),
        ("GET", "/deployments/42/template"),
        ("GET", "/deployments/42/log"),
        ("GET", "/deployments/42/extrainfo"),
        ("GET", "/deployments/42/events"),
        ("GET", "/deployments/42/resources"),
        ("GET", "/deployments/42/resources/filter"),
        ("GET", "/deployments/42/resources/42"),
        ("POST", "/deployments/42/resources/42/actions"),
        ("GET", "/configuration"),
    ]:
        answer = client.request(method, path, headers=headers)
        told = answer.json()
        assert (answer.status_code, told["code"], told["title"], told["error"]) == (401, 401, "Unauthorized", error)
        assert told["error_description"] == told["message"]
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/", "/info", "/health", "/ready", "/metrics", "/docs", "/openapi.json"])
def test_what_is_for_everybody(connect, path):
    assert connect(None).get(path).status_code == 200


def forwarded(connect, client="127.0.0.1", **headers):
    answer = connect(client=(client, 1)).get("/deployments", headers=headers)
    return answer.json()["links"][0]["href"].partition("/deployments")[0]


def test_links_are_those_of_the_proxy(connect):
    assert forwarded(connect, **{"X-Forwarded-Proto": "https"}) == "https://paas.example.org"
    assert forwarded(connect, **{"X-Forwarded-Host": "a.example.net"}) == "http://a.example.net"
    assert forwarded(connect, **{"X-Forwarded-Host": "a.example.net, b"}) == "http://a.example.net"
    assert forwarded(connect, **{"X-Forwarded-Host": "a", "X-Forwarded-Port": "8443"}) == "http://a:8443"
    assert forwarded(connect, **{"X-Forwarded-Host": "[::1]", "X-Forwarded-Port": "81"}) == "http://[::1]:81"
    assert forwarded(connect, **{"X-Forwarded-Host": "a:1", "X-Forwarded-Port": "8443"}) == "http://a:1"
    assert forwarded(connect, **{"X-Forwarded-Prefix": "/orchestrator/"}) == "http://paas.example.org/orchestrator"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-Host": "a/b"},
        {"X-Forwarded-Host": "a b"},
        {"X-Forwarded-Host": '"'},
        {"X-Forwarded-Prefix": "//evil.example.org"},
        {"X-Forwarded-Prefix": "/a?b"},
        {"X-Forwarded-Port": "x"},
    ],
)
def test_a_proxy_says_nothing_strange(connect, headers):
    assert forwarded(connect, **headers) == "http://paas.example.org"


def test_only_a_proxy_is_believed(connect, log):
    headers = {"X-Forwarded-Host": "evil.example.org", "X-Forwarded-For": "203.0.113.9"}
    assert forwarded(connect, "198.51.100.1", **headers) == "http://paas.example.org"
    assert log()[-1]["client"] == "198.51.100.1"
    forwarded(connect, **headers)
    assert log()[-1]["client"] == "203.0.113.9"


def test_behind_a_prefix_everything_is_found(connect):
    client = connect()
    kept, removed = "/orchestrator/deployments", "/deployments"
    for path in kept, removed, "/orchestrator/", "/", "/docs/assets/swagger-ui.css":
        assert client.get(path, headers={"X-Forwarded-Prefix": "/orchestrator"}).status_code == 200, path


def test_links_begin_with_the_public_url(tmp_path, desk):
    from starlette.testclient import TestClient

    settings = ServiceSettings(
        tmp_path, identity=Identity(anonymous=True), rest=Rest(public_url="https://paas.example.org/o/")
    )
    client = TestClient(make_app(settings, desk), base_url="http://localhost", client=("127.0.0.1", 1))
    assert client.get("/deployments").json()["links"][0]["href"].startswith("https://paas.example.org/o/deployments?")


def test_a_wrong_proxy_is_told_when_the_app_is_made(tmp_path, desk):
    from indigo_paas.errors import BadInput

    settings = ServiceSettings(tmp_path, identity=Identity(anonymous=True), server=Server(forwarded_from=("here",)))
    with pytest.raises(BadInput, match="server.forwarded_from: 'here' is no address"):
        make_app(settings, desk)


def test_a_fault_of_ours_is_told_without_its_traceback(connect, desk, caplog):
    desk.deployments = lambda *_: 1 / 0
    answer = connect(raise_server_exceptions=False).get("/deployments", headers={"X-Request-ID": "r7"})
    assert answer.status_code == 500
    assert answer.json() == {
        "code": 500,
        "title": "Internal Server Error",
        "message": "This is a fault of the service: its log says more of the request r7.",
    }
    assert answer.headers["x-request-id"] == "r7"
    assert "ZeroDivisionError" in caplog.text


def broken(*_):
    raise IndigoError("The database postgresql://paas:hunter2@db/x cannot be used: it is full.")


def test_a_database_that_does_not_answer(client, desk):
    desk.deployments = desk.counts = broken
    assert client.get("/deployments").status_code == 503
    ready = client.get("/ready")
    assert (ready.status_code, ready.json()) == (503, {"status": "DOWN"})
    assert client.get("/health").json() == {"status": "UP"}


def test_what_is_no_fault_of_the_user_tells_him_no_secrets(client, desk):
    desk.deployments = broken
    assert "hunter2" not in client.get("/deployments").text


def test_who_answers(client):
    assert client.get("/").text == "INDIGO-Orchestrator"
    info = client.get("/info").json()
    assert info["projectVersion"] == __version__
    assert info.pop("build") == {"version": "2.2.0"}
    assert all(isinstance(value, str) for value in info.values())


def test_all_values_of_the_configuration_are_text(tmp_path, desk):
    from starlette.testclient import TestClient

    settings = ServiceSettings(
        tmp_path, identity=Identity(anonymous=True), neighbours=Neighbours(slam_url="https://slam.example.org")
    )
    client = TestClient(make_app(settings, desk), base_url="http://localhost", client=("127.0.0.1", 1))
    assert client.get("/configuration").json() == {
        "cpr_url": "",
        "slam_url": "https://slam.example.org",
        "cmdb_url": "",
        "im_url": "",
        "monitoring_url": "",
        "vault_url": "",
        "rucio_url": "",
    }


def test_metrics_tell_of_requests_deployments_and_jobs(client, made):
    client.get(f"/deployments/{made['uuid']}")
    client.request("BREW", "/deployments")
    client.get("/nowhere/else")
    text = client.get("/metrics").text
    requests = 'indigo_paas_request_seconds_count{method="%s",route="%s",status="%d"} 1.0'
    assert requests % ("GET", "/deployments/{id}", 200) in text
    assert requests % ("POST", "/deployments", 201) in text
    assert requests % ("GET", "(none)", 404) in text
    assert re.search(r'request_seconds_count{method="other",route="[^"]+",status="405"} 1\.0', text)
    assert 'indigo_paas_deployments{status="CREATE_IN_PROGRESS"} 1.0' in text
    assert "indigo_paas_jobs_queued 3.0" in text
    assert "indigo_paas_jobs_running 1.0" in text
    assert 'indigo_paas_job_seconds_sum{kind="create",state="ok"} 90.5' in text
    assert made["uuid"] not in text


def test_the_page_of_the_documentation_needs_nobody_else(client):
    page = client.get("/docs")
    assert page.headers["content-security-policy"] == (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
    )
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) >= 3
    for link in links:
        assert link.startswith("/docs/assets/")
        assert client.get(link).status_code == 200
    assert '"validatorUrl": null' in page.text


def test_the_document_names_every_operation_once(client):
    document = client.get("/openapi.json").json()
    operations = [
        operation for path in document["paths"].values() for operation in path.values() if isinstance(operation, dict)
    ]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) == 20
    known = {tag["name"] for tag in document["tags"]}
    assert all(operation["summary"] and set(operation["tags"]) <= known for operation in operations)
    assert not [operation for operation in operations if "422" in operation["responses"]]


def test_at_the_end_the_database_and_the_issuers_are_let_go(app, client, desk):
    with client:
        assert client.get("/health").status_code == 200
        assert not desk.closed
    assert desk.closed
    assert app.state.guard.closed
