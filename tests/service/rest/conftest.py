# SPDX-License-Identifier: Apache-2.0
"""An app over a desk in memory, and clients of it."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from indigo_paas.service.app import make_app
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.model import User
from indigo_paas.service.settings import Rest, ServiceSettings
from tests.servers import serving_app
from tests.service.rest.memory import MemoryDesk, Tokens

ISSUER = "https://iam.example.org/"
ALICE = User("alice", ISSUER)
BOB = User("bob", ISSUER)
ADMIN = User("root", ISSUER, admin=True)

TEMPLATE = "tosca_definitions_version: tosca_simple_yaml_1_0\n"


@pytest.fixture
def desk():
    return MemoryDesk()


@pytest.fixture
def settings(tmp_path):
    return ServiceSettings(
        home=tmp_path,
        identity=Identity(anonymous=True),
        rest=Rest(largest_body=20_000, poll=0.02, streams=2),
    )


@pytest.fixture
def app(settings, desk):
    made = make_app(settings, desk)
    made.state.guard = Tokens(alice=ALICE, bob=BOB, admin=ADMIN)
    return made


@pytest.fixture
def connect(app):
    """Make a client of the app, of this machine, with the token of a user."""

    def make(token="alice", **kwargs):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        kwargs.setdefault("client", ("127.0.0.1", 50000))
        return TestClient(app, base_url="http://paas.example.org", headers=headers, follow_redirects=False, **kwargs)

    return make


@pytest.fixture
def client(connect):
    return connect()


@pytest.fixture
def made(client):
    """The document of a deployment of alice's."""
    answer = client.post("/deployments", json={"template": TEMPLATE})
    assert answer.status_code == 201
    return answer.json()


@pytest.fixture
def served(app):
    """The app behind a real server; its URL."""
    with serving_app(app) as port:
        yield f"http://127.0.0.1:{port}"
