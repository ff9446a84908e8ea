# SPDX-License-Identifier: Apache-2.0
"""Servers that answer too slowly, too much, or something else."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from indigo_paas.errors import BadInput
from indigo_paas.service.identity import web
from indigo_paas.service.identity.errors import IssuerUnavailable
from indigo_paas.service.identity.provider import Provider
from indigo_paas.service.identity.settings import Identity, Issuer
from indigo_paas.service.identity.web import NoAnswer, Web
from tests.servers import serving
from tests.service.identity.recorder import DISCOVERY, Recorder


@contextlib.contextmanager
def answering(data, *, pause=0.0):
    """A server that takes one connection at a time and sends DATA piece by piece, PAUSE seconds between them."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    for piece in data:
                        connection.sendall(piece)
                        time.sleep(pause)

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


@pytest.fixture
def asking():
    made = Web(1.0)
    yield made
    made.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


def test_an_object(asking):
    with serving({"/x": b'{"a": 1}'}) as url:
        assert asking.get(f"{url}/x").body == {"a": 1}
        missing = asking.get(f"{url}/y")
        assert (missing.ok, missing.status, missing.body) == (False, 404, {})


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"<html>", b"\xff", b"[" * 100_000, b"9" * 5000])
def test_something_else(asking, data):
    with serving({"/x": data}) as url, pytest.raises(NoAnswer, match="no JSON object"):
        asking.get(f"{url}/x")


def test_too_much(asking):
    with answering([HEAD, *[b'"' + b"x" * 100_000] * 20]) as url, pytest.raises(NoAnswer, match="larger than 1 MB"):
        asking.get(url)
    assert web.MAX_BYTES == 1_000_000


def test_a_byte_now_and_then(asking):
    began = time.monotonic()
    with answering([HEAD, *[b" "] * 100], pause=0.2) as url, pytest.raises(NoAnswer, match="within 1 s"):
        asking.get(url)
    assert time.monotonic() - began < 5


def test_headers_now_and_then(asking):
    began = time.monotonic()
    pieces = [b"HTTP/1.1 200 OK\r\n", *[f"X-{number}: y\r\n".encode() for number in range(100)]]
    with answering(pieces, pause=0.2) as url, pytest.raises(NoAnswer, match="within 1 s"):
        asking.get(url)
    assert time.monotonic() - began < 5


def test_silence_and_nobody(asking):
    with answering([], pause=0) as url, pytest.raises(NoAnswer):
        asking.get(url)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(NoAnswer, match="refused"):
        asking.get(f"http://127.0.0.1:{port}")
    with pytest.raises(NoAnswer):
        asking.get("https://no-such-host.invalid/")


def test_the_client_in_a_header_is_written_as_in_a_form(asking, recorder):
    asking.post(recorder.url, {"token": "t&"}, ("i d", "s:%&"), basic=True)
    # base64 of i+d:s%3A%25%26
    assert recorder.seen == [("/", "Basic aStkOnMlM0ElMjUlMjY=", "token=t%26")]


def test_the_client_in_the_form(asking, recorder):
    asking.post(recorder.url, {"token": "t"}, ("id", "s&"), basic=False)
    assert recorder.seen == [("/", None, "token=t&client_id=id&client_secret=s%26")]


def test_redirections_are_not_followed(asking, recorder):
    sender = Recorder(307, recorder.url)
    answer = asking.post(sender.url, {"token": "t"}, ("id", "secret"), basic=False)
    sender.close()
    assert (answer.ok, answer.status) == (False, 307)
    assert recorder.seen == []


def test_files_of_authorities(tmp_path):
    file = tmp_path / "ca.pem"
    with pytest.raises(BadInput, match=r"ca.pem holds no certificates"):
        Web(1.0, file)
    file.write_text("nonsense")
    with pytest.raises(BadInput, match=r"ca.pem holds no certificates"):
        Web(1.0, file)


@pytest.fixture
def provider(recorder):
    """What the settings make of an issuer whose configuration is what a test puts into recorder.documents."""
    made = Provider(Issuer(url=recorder.url, audience=(), client_id="id", client_secret="s"), Identity(timeout=1.0))
    recorder.documents[DISCOVERY] = {"issuer": recorder.url}
    yield made
    made.close()


@pytest.mark.parametrize(
    "url", [None, 7, "", "http://example.org/introspect", "ftp://127.0.0.1/", "//127.0.0.1/", "file:///dev/null"]
)
def test_a_configuration_that_leads_where_others_read(recorder, provider, url, caplog):
    recorder.documents[DISCOVERY]["introspection_endpoint"] = url
    with pytest.raises(IssuerUnavailable):
        provider.introspect("token")
    assert "no introspection_endpoint that is an https URL" in caplog.text
    recorder.documents[DISCOVERY]["jwks_uri"] = url
    with pytest.raises(IssuerUnavailable):
        provider.candidates("kid", "RS256")
    assert [path for path, _authorization, _body in recorder.seen] == [DISCOVERY]


def test_keys_of_no_use(recorder, provider, caplog):
    recorder.documents[DISCOVERY]["jwks_uri"] = f"{recorder.url}/keys"
    with pytest.raises(IssuerUnavailable):
        provider.candidates("kid", "RS256")
    assert "has no key that can verify a signature" in caplog.text


@pytest.mark.parametrize(
    ("said", "basic"),
    [
        ({}, True),
        ({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, False),
        ({"token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"]}, True),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, True),
        ({"introspection_endpoint_auth_methods_supported": ["client_secret_post"]}, False),
        (
            {
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
            },
            True,
        ),
    ],
)
def test_how_the_client_says_who_it_is(recorder, provider, said, basic):
    recorder.documents[DISCOVERY] |= {"introspection_endpoint": f"{recorder.url}/introspect", **said}
    recorder.documents["/introspect"] = {"active": True, "sub": "alice"}
    provider.introspect("token")
    path, authorization, body = recorder.seen[-1]
    assert path == "/introspect"
    assert (authorization is not None, "client_secret" in body) == (basic, not basic)
