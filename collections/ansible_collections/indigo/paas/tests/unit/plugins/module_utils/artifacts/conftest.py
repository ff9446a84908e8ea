# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HTTP server and a real git repository, to fetch from."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


class Server:
    """An HTTP server on this machine; `files` maps paths to what is there, `asked` holds the paths asked for."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            if self.path not in made.files:
                self.send_error(404)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(made.files[self.path])

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        made = Server(found.server_port)
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield made
        found.shutdown()


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., str]:
    """Make a git repository that holds files, or add a commit to it; return its URL."""

    def make(name: str, files: dict[str, str], tag: str | None = None) -> str:
        place = tmp_path / "repositories" / name
        for file, text in files.items():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_text(text)
        git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(place)]
        for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"], *([["tag", tag]] if tag else [])):
            subprocess.run([*git, *command], check=True)
        return place.as_uri()

    return make
