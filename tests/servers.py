# SPDX-License-Identifier: Apache-2.0
"""Real HTTP servers on this machine: of what a test puts into one, of an app, and the service as a process."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import uvicorn

PATIENCE = 60  # seconds


@contextlib.contextmanager
def serving(files: Mapping[str, bytes]) -> Iterator[str]:
    """Serve FILES, bytes by path; a query is ignored. Yields the URL of the server, without a slash at its end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = files.get(self.path.partition("?")[0])
            if found is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(found)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextlib.contextmanager
def serving_app(app: Any, host: str = "127.0.0.1", **config: Any) -> Iterator[int]:
    """Serve the ASGI APP on a free port of HOST, and yield that; CONFIG is uvicorn's."""
    settings = {"log_config": None, "timeout_graceful_shutdown": 5, **config}
    with socket.create_server((host, 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, **settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until = time.monotonic() + PATIENCE
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < until
            time.sleep(0.01)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive()


def free_port() -> int:
    """Return a port of this machine that nobody listens on, for a server that does not say which one it took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_service(
    program: Sequence[str], config: pathlib.Path, port: int, log: pathlib.Path, env: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start `PROGRAM serve` with the settings in CONFIG, and return its process as soon as it answers at PORT.

    log: what it prints is added there. env: what its environment has besides that of this process.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*program, "serve", "--config", str(config), "--port", str(port)],
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    until = time.monotonic() + PATIENCE
    while not _is_ready(port):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)
    return process


def _is_ready(port: int) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}/ready", timeout=5).is_success
    return False
