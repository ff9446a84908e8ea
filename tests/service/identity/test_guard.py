# SPDX-License-Identifier: Apache-2.0
"""Who is let in, and what the others are told: an application behind the guard, on a real port where it matters."""

from __future__ import annotations

import contextlib
import socket
import threading
from http import HTTPStatus
from typing import Annotated

import httpx
import psutil
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient

from indigo_paas.errors import BadInput
from indigo_paas.service.identity import guard
from indigo_paas.service.identity.addresses import is_loopback
from indigo_paas.service.identity.errors import InsufficientScope
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.model import User
from tests.servers import serving_app
from tests.service.identity.conftest import trusting
from tests.service.identity.issuer import SigningKey

HERE = ("127.0.0.1", 40000)


def application(identity):
    app = FastAPI()
    guard.install(app, identity)

    @app.api_route("/who", methods=["GET", "POST", "HEAD"])
    def who(request: Request, user: Annotated[User, Depends(guard.current_user)]):
        assert request.state.user == user
        return {"subject": user.subject, "issuer": user.issuer, "admin": user.admin}

    return app


@pytest.fixture
def client_of():
    """A client of an application with these settings. at: the address that it has."""
    made = []

    def make(*issuers, at=HERE, url="http://127.0.0.1", **identity):
        app = application(Identity(issuers=issuers, **{"timeout": 1.0, **identity}))
        made.append(app.state.guard)
        return TestClient(app, base_url=url, client=at)

    yield make
    for one in made:
        one.close()


def bearing(token):
    return {"Authorization": f"Bearer {token}"}


def said_by(code, error, text):
    """The body of an error: as OAuth 2.0 writes it, and as the API does."""
    title = HTTPStatus(code).phrase
    return {"error": error, "error_description": text, "code": code, "title": title, "message": text}


def test_a_user_comes_in(provider, client_of):
    answer = client_of(trusting(provider)).get("/who", headers=bearing(provider.token()))
    assert (answer.status_code, answer.json()) == (200, {"subject": "alice", "issuer": provider.url, "admin": False})


@pytest.mark.parametrize(
    "form", ["Bearer {}", "Bearer{}", "bearer {}", "BEARER {}", "Bearer   {}", "bEaReR{}", "Bearer {} "]
)
def test_forms_of_the_header(provider, client_of, form):
    token = provider.token()
    answer = client_of(trusting(provider)).get("/who", headers={"Authorization": form.format(token)})
    assert answer.json()["subject"] == "alice"


@pytest.mark.parametrize(
    "header", ["Basic YWxpY2U6YQ==", "Bearer", "Bearer ", "", "Token x", "x", "Bearer a b", "Negotiate"]
)
def test_other_headers_are_no_token(provider, client_of, header):
    answer = client_of(trusting(provider), anonymous=True).get("/who", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"] == "unauthorized"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="indigo-paas"'


def test_without_a_token(provider, client_of):
    answer = client_of(trusting(provider)).get("/who")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="indigo-paas"'
    assert answer.headers["Cache-Control"] == "no-store"
    said = "A bearer token is needed in the header Authorization."
    assert answer.json() == said_by(401, "unauthorized", said)


def test_a_token_elsewhere_than_in_the_header_does_not_count(provider, client_of):
    token = provider.token()
    client = client_of(trusting(provider))
    client.cookies.set("access_token", token)
    assert client.get("/who", params={"access_token": token}).status_code == 401
    assert client.post("/who", data={"access_token": token}).status_code == 401


def test_a_wrong_token(provider, client_of, caplog):
    token = provider.key.sign(provider.claims(exp=1))
    answer = client_of(trusting(provider)).get("/who", headers=bearing(token))
    assert answer.status_code == 401
    assert answer.json() == said_by(401, "invalid_token", "The token has expired. Get a new one.")
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="indigo-paas", error="invalid_token", error_description="The token has expired. Get a new one."'
    )
    assert "a token from 127.0.0.1 is not accepted: The token has expired" in caplog.text
    assert token not in caplog.text
    assert token not in str(answer.headers) + answer.text


def test_nothing_of_a_token_comes_back(provider, client_of):
    hostile = provider.claims(iss='x"\r\nSet-Cookie: a=b\x00é', aud="<script>")
    answer = client_of(trusting(provider)).get("/who", headers=bearing(SigningKey("k").sign(hostile)))
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.text + str(answer.headers)


def test_scopes(provider, client_of):
    client = client_of(trusting(provider, read_scopes=("openid",), change_scopes=("offline_access", "fts")))
    headers = bearing(provider.token(scope="openid offline_access"))
    assert client.get("/who", headers=headers).status_code == 200
    assert client.head("/who", headers=headers).status_code == 200
    answer = client.post("/who", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert answer.headers["WWW-Authenticate"].endswith(', scope="offline_access fts"')
    assert "lacks the scope fts" in answer.json()["error_description"]


def test_an_issuer_that_is_down(own_provider, client_of):
    client = client_of(trusting(own_provider))
    token = own_provider.token()
    with own_provider.silent():
        answer = client.get("/who", headers=bearing(token))
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert "WWW-Authenticate" not in answer.headers
    assert int(answer.headers["Retry-After"]) > 0


def test_two_issuers(provider, own_provider, client_of):
    own_provider.rotate(SigningKey("second"))
    client = client_of(trusting(provider), trusting(own_provider, admins=("alice",)))
    seen = [client.get("/who", headers=bearing(one.token())).json() for one in (provider, own_provider)]
    assert [(who["issuer"], who["admin"]) for who in seen] == [(provider.url, False), (own_provider.url, True)]
    # The keys of the one are not good for the other.
    for kid in "first", "second", None:
        forged = own_provider.key.sign(provider.claims(), kid=kid)
        assert client.get("/who", headers=bearing(forged)).status_code == 401


def test_rates(provider, client_of):
    client = client_of(trusting(provider), requests="3/minute")
    headers = bearing(provider.token())
    answers = [client.get("/who", headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["error"] == "too_many_requests"
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert client.get("/who", headers=bearing(provider.token("bob"))).status_code == 200


def test_failures_do_not_shut_others_out(provider, client_of):
    client = client_of(trusting(provider), failures="2/minute")
    answers = [client.get("/who", headers=bearing("garbage")).status_code for _ in range(4)]
    assert answers == [401, 401, 429, 429]
    # The good token of somebody behind the same address.
    assert client.get("/who", headers=bearing(provider.token())).status_code == 200


def test_failures_do_not_flood_the_issuer(own_provider, client_of):
    client = client_of(trusting(own_provider, audience=(), opaque_tokens=True), failures="2/minute")
    answers = [client.get("/who", headers=bearing(f"garbage{number}")).status_code for number in range(6)]
    assert answers == [401, 401, 429, 429, 429, 429]
    assert own_provider.count("/token/introspection") == 2


def test_nobody_could_come_in():
    with pytest.raises(BadInput, match=r"\[\[identity.issuers\]\]"):
        guard.install(FastAPI(), Identity())


def test_a_client_secret_that_cannot_be_read_is_told_at_the_start(provider, tmp_path):
    wrong = trusting(provider, client_secret="", client_secret_file=tmp_path / "none")
    with pytest.raises(BadInput, match="cannot be read"):
        guard.install(FastAPI(), Identity(issuers=(wrong,)))


def test_anonymous_on_this_machine(client_of):
    for at in HERE, ("::1", 1), ("127.3.2.1", 1):
        for url in "http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080":
            answer = client_of(at=at, url=url, anonymous=True).get("/who")
            assert (answer.status_code, answer.json()["subject"]) == (200, "anonymous")


@pytest.mark.parametrize("at", [("192.0.2.7", 1), ("10.0.0.1", 1), ("2001:db8::1", 1), ("testclient", 1), ("", 1)])
def test_anonymous_from_elsewhere(client_of, at):
    assert client_of(at=at, anonymous=True).get("/who").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-For": "192.0.2.7"},
        {"x-forwarded-host": "localhost"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Port": "80"},
        {"X-Forwarded-Prefix": "/x"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"Host": "paas.example.org"},
        {"Host": "rebound.example.org:8080"},
        {"Host": "127.0.0.1.example.org"},
        {"Host": ""},
        {"Host": "[::1"},
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost.example.org"},
    ],
)
def test_anonymous_through_a_proxy_or_somebodys_page(client_of, headers):
    assert client_of(anonymous=True).post("/who", headers=headers).status_code == 401


def test_a_page_of_this_machine_may(client_of):
    answer = client_of(anonymous=True).post("/who", headers={"Origin": "http://localhost:3000"})
    assert answer.json()["subject"] == "anonymous"


def test_anonymous_only_where_it_is_configured(provider, client_of):
    assert client_of(trusting(provider)).get("/who").status_code == 401


def test_a_wrong_token_does_not_become_anonymous(provider, client_of):
    client = client_of(trusting(provider), anonymous=True)
    assert client.get("/who").json()["subject"] == "anonymous"
    assert client.get("/who", headers=bearing("garbage")).status_code == 401
    assert client.get("/who", headers=bearing(provider.token())).json()["subject"] == "alice"


def own_address():
    """An IPv4 address of this machine that is not loopback."""
    found = [address for addresses in psutil.net_if_addrs().values() for address in addresses]
    return next(one.address for one in found if one.family == socket.AF_INET and not is_loopback(one.address))


def test_on_a_real_port(provider):
    identity = Identity(issuers=(trusting(provider),), anonymous=True)
    app = application(identity)
    with serving_app(app, "0.0.0.0", lifespan="off") as port, contextlib.closing(app.state.guard):
        here, there = f"http://127.0.0.1:{port}/who", f"http://{own_address()}:{port}/who"
        assert httpx.get(here).json()["subject"] == "anonymous"
        assert httpx.get(there).status_code == 401
        assert httpx.get(there, headers={"Host": "localhost", "X-Forwarded-For": "127.0.0.1"}).status_code == 401
        assert httpx.get(here, headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401
        token = provider.token()
        assert httpx.get(there, headers=bearing(token)).json()["subject"] == "alice"
        assert httpx.get(there, headers={"Authorization": f"Bearer{token}"}).json()["subject"] == "alice"
        two = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer x")]
        answer = httpx.get(there, headers=two)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert httpx.get(there, headers={"Authorization": b"Bearer \xff\xfe"}).status_code == 401


def test_many_at_once(provider):
    """While keys are got for the first time, and one of the tokens is bad."""
    identity = Identity(issuers=(trusting(provider),))
    good, bad = provider.token(), SigningKey("stranger").sign(provider.claims())
    codes = []
    app = application(identity)
    with serving_app(app, lifespan="off") as port, contextlib.closing(app.state.guard):

        def ask(number):
            token = bad if number % 4 == 0 else good
            codes.append(
                (number % 4 == 0, httpx.get(f"http://127.0.0.1:{port}/who", headers=bearing(token)).status_code)
            )

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {code for is_bad, code in codes if not is_bad} == {200}
    assert {code for is_bad, code in codes if is_bad} == {401}
    assert len(codes) == 24


def test_a_text_does_not_leave_its_place_in_a_header():
    """As of an audience in the settings, which may be any text."""
    made = guard.headers(InsufficientScope('for "a"\r\nSet-Cookie: b\\é', ('x"y\n',)))["WWW-Authenticate"]
    said = 'error_description="for  a   Set-Cookie: b  ", scope="xy"'
    assert made == f'Bearer realm="indigo-paas", error="insufficient_scope", {said}'
