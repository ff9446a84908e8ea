# SPDX-License-Identifier: Apache-2.0
"""Templates from standard input and from a real HTTP server."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from indigo_paas.errors import BadInput
from indigo_paas.templates import collection, fetch

FILES = {"/t.yaml": b"imports: [sub/types.yaml]\n", "/sub/types.yaml": b"node_types: {}\n", "/large": b"x" * 200_000}
REDIRECTS = {"/moved": "/t.yaml", "/loop": "/loop", "/file": "file:///etc/passwd", "/ftp": "ftp://localhost/x"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in REDIRECTS:
            self.send_response(302)
            self.send_header("Location", REDIRECTS[path])
            self.end_headers()
        elif path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _piece in range(50):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        elif path in FILES:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(FILES[path])
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        found.daemon_threads = True
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


def test_standard_input() -> None:
    assert fetch.read("-", io.BytesIO(b"a: 1")) == fetch.Source(b"a: 1", "<stdin>")


def test_standard_input_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_BYTES", 3)
    with pytest.raises(BadInput, match="standard input: larger than"):
        fetch.read("-", io.BytesIO(b"a: 1"))


@pytest.mark.parametrize("path", ["/t.yaml", "/moved", "/t.yaml?token=x"])
def test_a_url_and_its_imports(server: str, path: str) -> None:
    source = fetch.read(server + path)
    assert source.data == FILES["/t.yaml"]
    assert source.resolve is not None
    assert source.resolve("sub/types.yaml", source.name) == (f"{server}/sub/types.yaml", FILES["/sub/types.yaml"])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/absent?token=secret", "/absent: the server answers 404 Not Found. Check the URL."),
        ("/file", "'file:///etc/passwd' is not allowed. Check the URL."),
        ("/ftp", "/ftp: it redirects to ftp://localhost/x, which is not http or https."),
        ("/loop", "redirect"),
    ],
)
def test_urls_that_cannot_be_read(server: str, path: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        fetch.read(server + path)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_size_and_a_time_are_kept(server: str) -> None:
    with pytest.raises(BadInput, match=r"/large: larger than 0\.1 MB"):
        collection.read_url(f"{server}/large", limit=100_000)
    started = time.monotonic()
    with pytest.raises(BadInput, match="/slow: did not arrive in time"):
        collection.read_url(f"{server}/slow", seconds=0.5)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "gopher://x", "/etc/passwd", "http"])
def test_other_kinds_of_urls_are_not_read(url: str) -> None:
    assert not fetch.is_elsewhere(url)
    with pytest.raises(BadInput, match="only http and https"):
        fetch.read(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "http://nowhere.invalid/x", "http://[/x", "http:///x", "http://a b/"]
)
def test_servers_that_are_not_there(url: str) -> None:
    assert fetch.is_elsewhere(url)
    with pytest.raises(BadInput):
        collection.read_url(url, seconds=5)
