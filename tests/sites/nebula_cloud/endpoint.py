# SPDX-License-Identifier: Apache-2.0
"""The cloud's address: XML-RPC over HTTP, with the faults that a test asks for."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from xmlrpc.client import dumps, loads


class Answering(Protocol):
    """What answers the calls."""

    calls: list[str]
    faults: dict[str, list[Any]]

    def answer(self, method: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]: ...


class Endpoint:
    """A server at `url` that has CLOUD answer."""

    def __init__(self, cloud: Answering) -> None:
        handler = type("Handler", (_Handler,), {"cloud": cloud})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/RPC2"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    cloud: Answering

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        arguments, method = loads(body)
        assert method is not None
        name = method.removeprefix("one.")
        faults = self.cloud.faults.get(name, [])
        fault = faults.pop(0) if faults else None
        if fault == 500:
            self.cloud.calls.append(name)
            self._send(500, b"oned is busy")
            return
        answer = self.cloud.answer(method, arguments)
        if fault == "lost":
            self._send(502, b"the answer was lost")
            return
        self._send(200, dumps((list(answer),), methodresponse=True, allow_none=False).encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
