# SPDX-License-Identifier: Apache-2.0
"""The callback of a deployment: where it may lead, what it is sent, how often it is tried."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from indigo_paas.errors import BadInput
from indigo_paas.service import callbacks
from indigo_paas.service.settings import Callbacks, Rest, ServiceSettings
from indigo_paas.store import Deployment

SECRET = "shared with the dashboard"


class Hook:
    """A server that is told of deployments. answers: the statuses that it gives, the last one again and again."""

    def __init__(self, answers):
        self.answers, self.got = list(answers), []


@contextlib.contextmanager
def listening(*answers, headers=()):
    hook = Hook(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            hook.got.append((self.path, dict(self.headers), body))
            self.send_response(hook.answers.pop(0) if len(hook.answers) > 1 else hook.answers[0])
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        hook.port = server.server_port
        hook.url = f"http://127.0.0.1:{server.server_port}/hook?x=1"
        yield hook
        server.shutdown()


def row(callback):
    return Deployment(
        "u1", "u1", 0.0, 60.0, "CREATE_COMPLETE", "", "recas", None, "t", "", [], {"ip": "198.51.100.7"},
        owner_subject="alice", owner_issuer="https://iam.example.org/", callback=callback,
    )  # fmt: skip


@pytest.fixture
def calling(tmp_path):
    return ServiceSettings(
        tmp_path,
        rest=Rest(public_url="https://paas.example.org"),
        callbacks=Callbacks(allow_private=True, secret=SECRET, pause=0.01, timeout=5.0),
    )


def test_the_deployment_is_sent_and_signed(calling):
    with listening(204) as hook:
        assert callbacks.notify(row(hook.url), calling)
    [(path, headers, body)] = hook.got
    assert path == "/hook?x=1"
    assert headers["Content-Type"] == "application/json"
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Indigo-Signature"] == f"sha256={expected}"
    assert json.loads(body) == {
        "uuid": "u1",
        "creationTime": "1970-01-01T00:00+0000",
        "updateTime": "1970-01-01T00:01+0000",
        "physicalId": "u1",
        "status": "CREATE_COMPLETE",
        "outputs": {"ip": "198.51.100.7"},
        "task": "NONE",
        "callback": hook.url,
        "cloudProviderName": "recas",
        "cloudProviderEndpoint": {"cpComputeServiceId": "recas"},
        "createdBy": {"issuer": "https://iam.example.org/", "subject": "alice"},
        "links": [
            {"rel": "self", "href": "https://paas.example.org/deployments/u1"},
            {"rel": "resources", "href": "https://paas.example.org/deployments/u1/resources"},
            {"rel": "template", "href": "https://paas.example.org/deployments/u1/template"},
        ],
    }


def test_without_a_secret_nothing_is_signed(tmp_path):
    calling = ServiceSettings(tmp_path, callbacks=Callbacks(allow_private=True))
    with listening(200) as hook:
        assert callbacks.notify(row(hook.url), calling)
    assert "X-Indigo-Signature" not in hook.got[0][1]


def test_a_deployment_without_callback_is_nothing_to_do(calling):
    assert callbacks.notify(row(None), calling)


def test_it_is_tried_until_it_is_taken(calling, caplog):
    with listening(500, 503, 200) as hook:
        assert callbacks.notify(row(hook.url), calling)
    assert len(hook.got) == 3
    assert len({body for _, _, body in hook.got}) == 1
    assert "try 2 of 5: it answered 503" in caplog.text


def test_it_is_given_up_after_five_tries(calling, caplog):
    with listening(404) as hook:
        assert not callbacks.notify(row(hook.url), calling)
    assert len(hook.got) == 5
    assert "given up" in caplog.text


def test_the_pauses_become_longer(calling, monkeypatch):
    pauses = []
    monkeypatch.setattr(callbacks.time, "sleep", pauses.append)
    with listening(500) as hook:
        callbacks.notify(row(hook.url), calling)
    assert pauses == [0.01, 0.02, 0.04, 0.08]


def test_a_redirection_is_not_followed(calling):
    with listening(200) as inner, listening(307, headers=[("Location", inner.url)]) as hook:
        assert not callbacks.notify(row(hook.url), calling)
    assert inner.got == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://name.invalid/", "https://127.0.0.1:1/"])
def test_nobody_is_there(calling, caplog, url):
    assert not callbacks.notify(row(url), calling)
    assert "try 5 of 5" in caplog.text


def test_what_speaks_no_http_is_logged(calling, caplog):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            for _ in range(5):
                connection, _ = listener.accept()
                connection.recv(10_000)
                connection.sendall(b"\x00\xff no\r\n\r\n")
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        assert not callbacks.notify(row(f"http://127.0.0.1:{listener.getsockname()[1]}/"), calling)
    assert "try 5 of 5" in caplog.text


def test_a_server_that_dribbles_does_not_hold_us(tmp_path):
    calling = ServiceSettings(tmp_path, callbacks=Callbacks(allow_private=True, tries=1, timeout=1.0))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with contextlib.suppress(OSError):
                for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 200:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.2)

        threading.Thread(target=serve, daemon=True).start()
        began = time.monotonic()
        assert not callbacks.notify(row(f"http://127.0.0.1:{listener.getsockname()[1]}/"), calling)
    assert time.monotonic() - began < 10


PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fd00::1]",
    "[ff02::1]",
    "[::ffff:10.0.0.1]",
    "[2002:7f00:1::]",
    "[64:ff9b::10.0.0.1]",
    "localhost",
    "LOCALHOST.",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_an_address_inside_is_refused_at_once(client, desk, host):
    answer = client.post("/deployments", json={"template": "x", "callback": f"http://{host}:8080/x"})
    assert answer.status_code == 400
    assert "of this machine or of a private network" in answer.json()["message"]
    assert desk.rows == {}


@pytest.mark.parametrize("url", ["http://", "http:///x", "http://a b/", "http://h:99999/", "http://[1/", "http://h\n/"])
def test_what_is_no_url_is_refused(client, url):
    answer = client.post("/deployments", json={"template": "x", "callback": url})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("callback: ")


def test_a_password_in_a_url_is_refused_and_not_repeated():
    with pytest.raises(BadInput) as raised:
        callbacks.require_public("https://me:hunter2@example.org/", Callbacks())
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["https://dashboard.example.org/x", "http://8.8.8.8/x", "http://[2606:4700::1111]:8080/x"]
)
def test_an_address_outside_is_taken(client, url):
    assert client.post("/deployments", json={"template": "x", "callback": url}).status_code == 201


@pytest.mark.parametrize("found", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["fe80::1%eth0"]])
def test_a_name_that_leads_inside_is_not_called(tmp_path, monkeypatch, caplog, found):
    """What the name leads to is judged when it is called: until then it may have changed."""
    monkeypatch.setattr(callbacks, "_resolve", lambda host, port: found)
    with listening(200) as hook:
        url = f"http://innocent.example.org:{hook.port}/"
        callbacks.require_public(url, Callbacks())
        assert not callbacks.notify(row(url), ServiceSettings(tmp_path))
    assert hook.got == []
    assert "innocent.example.org leads to" in caplog.text


@pytest.mark.parametrize("written", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
def test_other_ways_to_write_this_machine_lead_nowhere(tmp_path, caplog, written):
    with listening(200) as hook:
        assert not callbacks.notify(row(f"http://{written}:{hook.port}/"), ServiceSettings(tmp_path))
    assert hook.got == []


def test_the_address_that_was_judged_is_the_one_that_is_called(calling, monkeypatch):
    """The name is looked up once: a second answer of its server could lead elsewhere."""
    asked = []

    def once(host, port):
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr(callbacks, "_resolve", once)
    with listening(200) as hook:
        assert callbacks.notify(row(f"http://rebinding.example.org:{hook.port}/"), calling)
    assert asked == ["rebinding.example.org"]
    assert hook.got[0][1]["Host"] == f"rebinding.example.org:{hook.port}"


def test_where_no_public_url_is_configured_links_are_those_of_the_listener(tmp_path):
    assert callbacks.base_url(ServiceSettings(tmp_path)) == "http://127.0.0.1:8080"
