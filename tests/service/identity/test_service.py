# SPDX-License-Identifier: Apache-2.0
"""The whole service with users of a real provider: who sees and changes what, and what is kept for the work."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from indigo_paas.service.app import make_app
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.settings import ServiceSettings
from indigo_paas.store import open_store
from tests.service.identity.conftest import trusting
from tests.service.identity.issuer import WEAK_CLIENT

NONE = {"code": 404, "title": "Not Found"}


@pytest.fixture
def service_of(tmp_path):
    """The service that trusts a provider; its client asks as somebody."""
    opened = []

    def make(provider, **more):
        issuer = trusting(provider, admin_groups=("paas/admins",), **more)
        app = make_app(ServiceSettings(home=tmp_path, identity=Identity(issuers=(issuer,), timeout=2.0)))
        client = TestClient(app)
        client.__enter__()
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def template(root):
    return (root / "examples" / "htcondor_pool.yaml").read_text()


def as_(provider, name, **more):
    return {"Authorization": f"Bearer {provider.token(name, **more)}"}


def test_a_deployment_is_its_owners(provider, service_of, template):
    service = service_of(provider)
    alice, bob, root = (as_(provider, name) for name in ("alice", "bob", "root"))
    made = service.post("/deployments", json={"template": template}, headers=alice)
    assert made.status_code == 201, made.text
    assert made.json()["createdBy"] == {"issuer": provider.url, "subject": "alice"}
    place = f"/deployments/{made.json()['uuid']}"
    seen = {who: service.get(place, headers=headers).status_code for who, headers in (("alice", alice), ("root", root))}
    assert seen == {"alice": 200, "root": 200}
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/template", None),
        ("GET", "/log", None),
        ("GET", "/extrainfo", None),
        ("GET", "/resources", None),
        ("GET", "/events", None),
        ("PUT", "", {"template": template}),
        ("PATCH", "", {"status": "DELETE_FAILED"}),
        ("DELETE", "", None),
    ):
        answer = service.request(method, place + path, json=body, headers=bob)
        assert (answer.status_code, answer.json() | NONE == answer.json()) == (404, True), (method, path, answer.text)
        assert service.request(method, place + path, json=body).status_code == 401
    listed = {who: service.get("/deployments", headers=headers) for who, headers in (("bob", bob), ("root", root))}
    assert {who: len(answer.json()["content"]) for who, answer in listed.items()} == {"bob": 0, "root": 1}
    assert service.get(f"/deployments?createdBy=alice@{provider.url}", headers=bob).status_code == 403
    assert service.delete(place, headers=root).status_code == 204


def test_a_group_sees_and_does_not_change(provider, service_of, template):
    service = service_of(provider)
    alice, root = as_(provider, "alice"), as_(provider, "root")
    answer = service.post("/deployments", json={"template": template, "userGroup": "atlas"}, headers=alice)
    assert (answer.status_code, answer.json()["message"]) == (403, "You are not in the group atlas.")
    answer = service.post("/deployments", json={"template": template, "userGroup": "cms"}, headers=root)
    assert answer.status_code == 201, answer.text
    place = f"/deployments/{answer.json()['uuid']}"
    assert service.get(place, headers=alice).status_code == 200
    assert service.delete(place, headers=alice).status_code == 403
    assert service.get(place, headers=as_(provider, "bob")).status_code == 404
    assert service.delete(place, headers=root).status_code == 204


def test_the_work_gets_a_token(provider, service_of, template, tmp_path):
    service = service_of(provider, exchange=True)
    asked = provider.count("/token")
    made = service.post("/deployments", json={"template": template}, headers=as_(provider, "alice"))
    assert made.status_code == 201, made.text
    # One for alice, one by exchange.
    assert provider.count("/token") == asked + 2
    store = open_store(tmp_path / "indigo-paas.db")
    assert [key for key, _sealed in store.tokens.all()] == [("service", provider.url, "alice")]
    store.close()
    assert service.get("/deployments", headers=as_(provider, "bob")).status_code == 200
    assert provider.count("/token") == asked + 3


def test_without_a_token_for_the_work_nothing_is_made(provider, service_of, template):
    service = service_of(provider, exchange=True, client_id=WEAK_CLIENT[0], client_secret=WEAK_CLIENT[1])
    alice = as_(provider, "alice")
    answer = service.post("/deployments", json={"template": template}, headers=alice)
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert service.get("/deployments", headers=alice).json()["page"]["totalElements"] == 0


def test_a_wrong_body_costs_no_exchange(provider, service_of):
    service = service_of(provider, exchange=True)
    alice = as_(provider, "alice")
    asked = provider.count("/token")
    assert service.post("/deployments", json={"parameters": {}}, headers=alice).status_code == 400
    assert provider.count("/token") == asked


def test_what_is_open_to_all(provider, service_of):
    service = service_of(provider)
    answers = {
        path: service.get(path).status_code for path in ("/", "/info", "/health", "/configuration", "/deployments")
    }
    assert answers == {"/": 200, "/info": 200, "/health": 200, "/configuration": 401, "/deployments": 401}
