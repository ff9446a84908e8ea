# SPDX-License-Identifier: Apache-2.0
"""A desk that keeps everything in memory: the rules of the API without an engine behind them."""

from __future__ import annotations

import dataclasses
import threading
import time
import uuid
from typing import Any

from indigo_paas.errors import BadInput, Busy, Conflict, NotFound
from indigo_paas.ground import status
from indigo_paas.ground.progress import Event, Kind
from indigo_paas.service.identity import guard
from indigo_paas.service.identity.errors import InvalidToken, NoToken
from indigo_paas.service.model import EVERY, Asked, Listing, Page, User, Which
from indigo_paas.store import Deployment, Resource

COMPUTE = "tosca.nodes.indigo.Compute"


class MemoryDesk:
    """Does what `Desk` promises. Templates that are not text of TOSCA are refused by one word: "wrong"."""

    def __init__(self) -> None:
        self.rows: dict[str, Deployment] = {}
        self.nodes: dict[str, list[Resource]] = {}
        self.told: dict[str, list[tuple[int, Event]]] = {}
        self.asked: dict[str, Asked] = {}
        self.acted: list[tuple[str, str]] = []
        self.busy = self.closed = False
        self.lock = threading.RLock()

    def start(self) -> None:
        return

    def create(self, user: User, asked: Asked) -> Deployment:
        self._plan(asked)
        now, name = time.time(), str(uuid.uuid4())
        row = Deployment(
            name, name, now, now, status.CREATE_IN_PROGRESS, "", None, None, asked.template, "", [], {},
            owner_subject=user.subject, owner_issuer=user.issuer, user_group=asked.user_group,
            title=asked.name, callback=asked.callback, task="DEPLOYER",
        )  # fmt: skip
        with self.lock:
            self.rows[name], self.asked[name], self.told[name] = row, asked, []
            self.nodes[name] = [
                Resource(str(uuid.uuid4()), name, now + index, now + index, COMPUTE, "server", index)
                for index in range(2)
            ]
        return row

    def update(self, user: User, uuid: str, asked: Asked) -> Deployment:
        row = self.deployment(user, uuid)
        self._plan(asked)
        if row.status not in status.UPDATABLE:
            raise Conflict(f"Cannot update a deployment in {row.status} state")
        self.asked[uuid] = asked
        return self.change(uuid, status=status.UPDATE_IN_PROGRESS, template=asked.template)

    def delete(self, user: User, uuid: str, force: bool = False) -> None:
        row = self.deployment(user, uuid)
        if row.status not in status.DELETABLE:
            raise Conflict(f"Deployment already in {row.status} state.")
        self.change(uuid, status=status.DELETE_IN_PROGRESS)

    def reset(self, user: User, uuid: str) -> None:
        row = self.deployment(user, uuid)
        if row.status != status.DELETE_IN_PROGRESS:
            raise Conflict(f"Cannot reset a deployment in {row.status} state")
        self.change(uuid, status=status.DELETE_FAILED)

    def act(self, user: User, uuid: str, resource: str, action: str) -> None:
        if action not in ("start", "stop"):
            raise BadInput(f"There is no action {action!r}: use start or stop.")
        row = self.deployment(user, uuid)
        self.resource(row, resource)
        if row.status not in status.UPDATABLE:
            raise Conflict(f"Cannot {action} a resource of a deployment in {row.status} state")
        self.acted.append((resource, action))

    def deployments(self, user: User, page: Page, which: Which = EVERY) -> Listing[Deployment]:
        wanted = which.created_by or (None if user.admin else (user.subject, user.issuer))
        rows = [
            row
            for row in list(self.rows.values())
            if wanted in (None, (row.owner_subject, row.owner_issuer))
            and which.user_group in (None, row.user_group)
            and row.status not in which.excluded
        ]
        return _page(rows, page)

    def deployment(self, user: User, uuid: str) -> Deployment:
        if self.busy:
            raise Busy("Somebody else changed the deployment at the same time.")
        row = self.rows.get(uuid)
        if row is None or not (user.admin or (row.owner_subject, row.owner_issuer) == (user.subject, user.issuer)):
            raise NotFound(f"The deployment <{uuid}> doesn't exist")
        return row

    def template(self, user: User, uuid: str) -> str:
        return self.deployment(user, uuid).template

    def log(self, user: User, uuid: str) -> str:
        self.deployment(user, uuid)
        return "\n".join(event.text for _, event in self.told[uuid])

    def extra_info(self, user: User, uuid: str) -> list[dict[str, Any]]:
        return self.deployment(user, uuid).nodes

    def resources(self, row: Deployment, page: Page, type: str | None = None) -> Listing[Resource]:
        return _page([each for each in self.nodes[row.uuid] if type in (None, each.type)], page)

    def resource(self, row: Deployment, rid: str) -> Resource:
        for each in self.nodes[row.uuid]:
            if each.uuid == rid:
                return each
        raise NotFound(f"The resource <{rid}> in deployment <{row.uuid}> doesn't exist")

    def events(self, user: User, uuid: str, after: int = 0) -> list[tuple[int, Event]]:
        self.deployment(user, uuid)
        return [(number, event) for number, event in self.told[uuid] if number > after]

    def counts(self) -> dict[str, Any]:
        statuses = [row.status for row in self.rows.values()]
        return {
            "deployments": {one: statuses.count(one) for one in statuses},
            "queued": 3,
            "running": 1,
            "ended": {("create", "ok"): (2, 90.5)},
        }

    def close(self) -> None:
        self.closed = True

    # What the engine would do.

    def change(self, uuid: str, **changes: Any) -> Deployment:
        with self.lock:
            self.rows[uuid] = dataclasses.replace(self.rows[uuid], updated=time.time(), **changes)
            return self.rows[uuid]

    def tell(self, uuid: str, kind: Kind, text: str) -> None:
        with self.lock:
            self.told[uuid].append((len(self.told[uuid]) + 1, Event(1478125860.5, kind, "Make the nodes", text=text)))

    def forget(self, uuid: str) -> None:
        with self.lock:
            del self.rows[uuid]

    def _plan(self, asked: Asked) -> None:
        if "wrong" in asked.template:
            raise BadInput("template.yaml:1:1: this is no TOSCA. Write tosca_definitions_version.")


def _page(rows: list[Any], page: Page) -> Listing[Any]:
    rows = sorted(rows, key=lambda row: row.uuid)
    for column, ascending in reversed(page.sort):
        rows.sort(key=lambda row: getattr(row, column) or "", reverse=not ascending)
    start = page.number * page.size
    return Listing(rows[start : start + page.size], len(rows))


class Tokens:
    """A guard that knows its users by their tokens."""

    def __init__(self, **known: User) -> None:
        self.known, self.closed = known, False

    def close(self) -> None:
        self.closed = True

    def user(self, request: Any) -> User:
        token = guard.bearer(request.headers.getlist("authorization"))
        if token is None:
            raise NoToken("A bearer token is needed in the header Authorization.")
        if token not in self.known:
            raise InvalidToken("The token is not known.")
        request.state.user = self.known[token]
        return self.known[token]
