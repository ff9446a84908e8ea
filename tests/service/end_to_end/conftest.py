# SPDX-License-Identifier: Apache-2.0
"""The service as an operator starts it, with a real OpenID provider, on the local site."""

from __future__ import annotations

import json
import pathlib
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.conftest import BIN, Command
from tests.servers import free_port, start_service
from tests.service.identity import issuer
from tests.service.identity.issuer import OpenIDProvider, SigningKey


class Server:
    """`indigo-paas serve` with a home of its own; it can be killed and started again."""

    def __init__(self, home: pathlib.Path, provider: OpenIDProvider, command: Command) -> None:
        self.provider, self.command = provider, command
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._config = home / "service.toml"
        audience = json.dumps([issuer.AUDIENCE])
        self._config.write_text(
            f'[[identity.issuers]]\nurl = "{provider.url}"\naudience = {audience}\nadmin_groups = ["paas/admins"]\n'
        )
        self._log = home / "service.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = [str(BIN / "indigo-paas")]
        self._process = start_service(program, self._config, self.port, self._log, self.command.env)

    def end(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None

    def ask(self, method: str, path: str, user: str = "alice", **more: Any) -> requests.Response:
        """Ask as USER, whose token is a new one."""
        headers = {"Authorization": f"Bearer {self.provider.token(user)}"}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=60, **more)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, run: Callable[..., Any]) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("service")
    command = Command(home / "home", run)
    with issuer.running(SigningKey("first")) as provider:
        server = Server(home, provider, command)
        server.start()
        try:
            yield server
        finally:
            server.end()
            for entry in command.json("list"):
                command("destroy", entry["name"], "--yes", "--force", status=None)
