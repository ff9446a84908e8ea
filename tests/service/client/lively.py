# SPDX-License-Identifier: Apache-2.0
"""The API over a desk in memory that works: what is asked for happens a moment later, told by events."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

from indigo_paas.errors import BadInput, Conflict, NotFound
from indigo_paas.ground import status
from indigo_paas.ground.progress import Event, Kind
from indigo_paas.service.app import make_app
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.model import Asked, User
from indigo_paas.service.settings import Rest, ServiceSettings
from indigo_paas.store import Deployment
from tests.servers import serving_app
from tests.service.rest.memory import MemoryDesk, Tokens

ISSUER = "https://iam.example.org/"
ALICE = User("alice", ISSUER)
ADMIN = User("root", ISSUER, admin=True)

NODE = {"name": "server-0", "public_address": ["198.51.100.7"], "private_address": ["10.0.0.7"], "state": "running"}


class LivelyDesk(MemoryDesk):
    """A desk whose changes take `seconds`, and fail where the template says "fail"."""

    def __init__(self, seconds: float = 0.1) -> None:
        super().__init__()
        self.seconds = seconds
        self.go_on = threading.Event()
        self.go_on.set()
        self.updates: list[Asked] = []

    def create(self, user: User, asked: Asked) -> Deployment:
        if any(row.title == asked.name for row in self.rows.values() if asked.name):
            raise Conflict(f"You have a deployment that is called {asked.name} already.")
        row = super().create(user, asked)
        self._work(row.uuid, "deploy", asked)
        return row

    def update(self, user: User, uuid: str, asked: Asked) -> Deployment:
        row = super().update(user, uuid, asked)
        self.updates.append(asked)
        self._work(uuid, "update", asked)
        return row

    def delete(self, user: User, uuid: str, force: bool = False) -> None:
        super().delete(user, uuid, force)
        self._work(uuid, "destroy", None)

    def _work(self, uuid: str, command: str, asked: Asked | None) -> None:
        threading.Thread(target=self._do, args=(uuid, command, asked), daemon=True).start()

    def _do(self, uuid: str, command: str, asked: Asked | None) -> None:
        self._say(uuid, Event(time.time(), Kind.COMMAND, text=command))
        self._say(uuid, Event(time.time(), Kind.STEP, "Make the nodes"))
        time.sleep(self.seconds)
        self.go_on.wait(30)
        self._say(uuid, Event(time.time(), Kind.CHANGED, "Make the nodes", "make", "localhost"))
        self._say(uuid, Event(time.time(), Kind.STEP_DONE, "Make the nodes", text="1 changed", seconds=self.seconds))
        if asked is None:
            self.forget(uuid)
            return
        before = self.rows[uuid].status
        ok = "fail" not in asked.template
        now = status.end(before, ok)
        self._say(uuid, Event(time.time(), Kind.END, text=now if ok else "no room", seconds=self.seconds))
        known: dict[str, Any] = {"nodes": [NODE], "outputs": {"ip": "198.51.100.7"}} if ok else {"reason": "no room"}
        self.change(uuid, status=now, site="recas", task="NONE", **known)

    def _say(self, uuid: str, event: Event) -> None:
        with self.lock, contextlib.suppress(KeyError):
            self.told[uuid].append((len(self.told[uuid]) + 1, event))

    def _plan(self, asked: Asked) -> None:
        if "wrong" in asked.template:
            raise BadInput("template.yaml:1:1: this is no TOSCA. Write tosca_definitions_version.")


def app_of(desk: MemoryDesk, home: Any, stream_seconds: float = 600.0) -> Any:
    settings = ServiceSettings(
        home=home,
        identity=Identity(anonymous=True),
        rest=Rest(poll=0.02, stream_seconds=stream_seconds),
    )
    made = make_app(settings, desk)
    made.state.guard = Tokens(alice=ALICE, admin=ADMIN)
    return made


@contextlib.contextmanager
def served(app: Any, **config: Any) -> Iterator[str]:
    """Serve APP on a port of this machine and give its URL; CONFIG is of TLS."""
    with serving_app(app, timeout_graceful_shutdown=1, **config) as port:
        yield f"{'https' if config else 'http'}://127.0.0.1:{port}"


def gone(desk: MemoryDesk, uuid: str) -> bool:
    try:
        desk.deployment(ADMIN, uuid)
    except NotFound:
        return True
    return False


class Original:
    """An ASGI application that answers as the INDIGO Orchestrator does: no names, no events, no machines by name."""

    def __init__(self, desk: MemoryDesk, home: Any) -> None:
        self.inner = app_of(desk, home)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/events"):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b'{"message": "No message available"}'})
            return
        body = b""

        async def nameless(message: Any) -> None:
            nonlocal body
            if message["type"] == "http.response.start":
                message["headers"] = [each for each in message["headers"] if each[0] != b"content-length"]
            elif message["type"] == "http.response.body":
                body += message.get("body", b"")
                if message.get("more_body"):
                    return
                message = {"type": "http.response.body", "body": _without_name(body)}
            await send(message)

        await self.inner(scope, receive, nameless)


def _without_name(body: bytes) -> bytes:
    try:
        known = json.loads(body)
    except ValueError:
        return body
    for document in [known, *known.get("content", [])] if isinstance(known, dict) else []:
        document.pop("name", None)
    return b"[]" if isinstance(known, list) else json.dumps(known).encode()
