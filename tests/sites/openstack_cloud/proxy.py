# SPDX-License-Identifier: Apache-2.0
"""A proxy in front of one service that does what it is told to some requests, and passes on all others."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import http.server
import threading
from collections.abc import Callable
from typing import Any


@dataclasses.dataclass
class Request:
    """A request as the client sent it; a rule may change its body."""

    method: str
    path: str
    body: bytes
    token: str = ""


@dataclasses.dataclass
class Answer:
    """What the client gets instead of the service's answer; with `after`, once the service has done its work."""

    status: int
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    after: bool = False


DROP = Answer(0)  # the connection ends without an answer
DROP_AFTER = Answer(0, after=True)

Rule = Callable[[Request], "Answer | None"]


class Proxy:
    """Listens at `url`; each request is kept in `requests` and shown to `rule`."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._lock = threading.Lock()
        self.requests: list[Request] = []
        self.rule: Rule = lambda _request: None
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def handle_any(self) -> None:
                proxy._handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = handle_any

            def log_message(self, *_args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handle(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        request = Request(handler.command, handler.path, body, handler.headers.get("X-Auth-Token", ""))
        with self._lock:
            self.requests.append(request)
            answer = self.rule(request)
        if answer is None or answer.after:
            status, headers, content = self._pass_on(request, handler.headers)
        if answer is not None:
            status, headers, content = answer.status, answer.headers, b'{"error": {"message": "as told"}}'
        if status == 0:
            handler.close_connection = True
            return
        # A client that was killed reads no answer.
        with contextlib.suppress(OSError):
            handler.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                    handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)

    def _pass_on(self, request: Request, headers: Any) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(*self._target, timeout=120)
        try:
            kept = {
                name: value for name, value in headers.items() if name.lower() not in ("content-length", "connection")
            }
            connection.request(request.method, request.path, request.body or None, kept)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


def times(number: int, wanted: Callable[[Request], bool], answer: Answer) -> Rule:
    """Return a rule that gives ANSWER to the first NUMBER requests that are WANTED."""
    left = [number]

    def rule(request: Request) -> Answer | None:
        if left[0] > 0 and wanted(request):
            left[0] -= 1
            return answer
        return None

    return rule


def creates_server(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith("/servers")


def lists_servers(request: Request) -> bool:
    return request.method == "GET" and "/servers/detail" in request.path
