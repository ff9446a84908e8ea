# SPDX-License-Identifier: Apache-2.0
"""Clients that begin a request and do not end it."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from indigo_paas.service.app import make_app
from indigo_paas.service.connections import patient
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.settings import Rest, ServiceSettings
from tests.servers import serving_app
from tests.service.rest.memory import MemoryDesk

SECONDS = 1.0
PATIENCE = 30


@pytest.fixture
def port(tmp_path):
    rest = Rest(request_seconds=SECONDS, poll=0.05)
    app = make_app(ServiceSettings(home=tmp_path, identity=Identity(anonymous=True), rest=rest), MemoryDesk())
    with serving_app(app, http=patient(SECONDS), timeout_keep_alive=PATIENCE) as port:
        yield port


def connected(port):
    line = socket.create_connection(("127.0.0.1", port))
    line.settimeout(PATIENCE)
    return line


def rest_of(line):
    """Return what comes until the other end closes the connection."""
    parts = []
    while part := line.recv(65536):
        parts.append(part)
    return b"".join(parts)


def until(line, mark):
    """Return what comes up to MARK and with it."""
    parts = b""
    while mark not in parts:
        part = line.recv(65536)
        assert part, parts
        parts += part
    return parts


GET = b"GET /health HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /deployments HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"


@pytest.mark.parametrize("begun", [b"", b"GE", GET, GET + b"X-Some: thing"])
def test_a_head_that_does_not_end_is_ended(port, begun):
    with connected(port) as line:
        line.sendall(begun)
        assert rest_of(line).startswith(b"HTTP/1.1 408 ")


def test_a_head_that_comes_byte_by_byte_is_ended(port):
    with connected(port) as line:
        over = threading.Event()

        def drip():
            line.sendall(GET)
            try:
                while not over.wait(0.05):
                    line.sendall(b"X-a: b\r\n")
            except OSError:
                return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            assert line.recv(65536).startswith(b"HTTP/1.1 408 ")
        finally:
            over.set()
            thread.join()


def test_the_head_of_a_later_request_is_ended_too(port):
    with connected(port) as line:
        line.sendall(GET + b"\r\n")
        until(line, b"UP")
        line.sendall(GET)
        assert b"HTTP/1.1 408 " in rest_of(line)


def test_a_connection_may_rest_between_two_requests(port):
    with connected(port) as line:
        for _ in range(2):
            line.sendall(GET + b"\r\n")
            assert until(line, b"UP").startswith(b"HTTP/1.1 200 ")
            time.sleep(2 * SECONDS)


@pytest.mark.parametrize("begun", [b"", b'{"template": '])
def test_a_body_that_does_not_come_is_ended(port, begun):
    with connected(port) as line:
        line.sendall(POST + begun)
        answer = rest_of(line)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"did not come within 1 s" in answer


def test_a_stream_lasts_longer_than_its_request(port):
    with connected(port) as line:
        body = b'{"template": "tosca_definitions_version: tosca_simple_yaml_1_0"}'
        line.sendall(POST.replace(b"100", str(len(body)).encode()) + body)
        answer = until(line, b"/template")
        assert answer.startswith(b"HTTP/1.1 201 ")
        uuid = answer.partition(b'"uuid":"')[2].partition(b'"')[0]
        line.sendall(b"GET /deployments/" + uuid + b"/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        until(line, b"statusReason")
        line.settimeout(3 * SECONDS)
        with pytest.raises(TimeoutError):
            rest_of(line)
