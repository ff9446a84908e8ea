# SPDX-License-Identifier: Apache-2.0
"""A server that answers what a test puts into it, by GET and POST alike, and keeps what it was sent."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DISCOVERY = "/.well-known/openid-configuration"


class Recorder:
    """A server that answers {} and keeps what it was sent."""

    def __init__(self, status=200, location=None):
        self.seen = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                recorder.seen.append((self.path, self.headers.get("Authorization"), body))
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                self.wfile.write(json.dumps(recorder.documents.get(self.path, {})).encode())

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.documents = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
