# SPDX-License-Identifier: Apache-2.0
"""/deployments/{id}/events: what happens to a deployment, as it happens (server-sent events)."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from sse_starlette import EventSourceResponse
from starlette.types import Receive, Scope, Send

from indigo_paas.errors import NotFound
from indigo_paas.ground import status
from indigo_paas.ground.progress import Kind
from indigo_paas.service import wire
from indigo_paas.service.answers import guarded
from indigo_paas.service.desk import Desk
from indigo_paas.service.model import User
from indigo_paas.service.routes._common import DeploymentId, TheDesk, TheUser
from indigo_paas.service.settings import Rest
from indigo_paas.store import Deployment

router = APIRouter(tags=["details"])

# Threads in which all streams together look for news, so that other requests always have theirs.
_THREADS = 4
_LARGEST_ID = 2**63 - 1

Result = TypeVar("Result")

_STREAM = {
    "description": "Events with the fields id, event (its kind) and data (JSON: time, kind, step, task, node, text, "
    "seconds), and events of the kind `status` (JSON: status, statusReason), without id, at each change of it.",
    "content": {
        "text/event-stream": {
            # Of each event, as is usual before OpenAPI 3.2.
            "schema": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "pattern": "^[0-9]+$"},
                    "event": {"type": "string", "enum": ["status", *(kind.value for kind in Kind)]},
                    "data": {"type": "string", "contentMediaType": "application/json"},
                },
                "required": ["event", "data"],
            },
            "example": 'id: 12\nevent: step\ndata: {"time": 1478125860.1, "kind": "step", "step": "Make the nodes"}\n',
        }
    },
}


class Streams:
    """The streams that are `open`, at most `limit`, and `per_user` of one. None has a thread of its own."""

    def __init__(self, limit: int, per_user: int) -> None:
        self.limit, self.per_user = limit, per_user
        self._of: Counter[tuple[str, str]] = Counter()
        self._threads: anyio.CapacityLimiter | None = None

    @property
    def open(self) -> int:
        return self._of.total()

    def require_room(self, user: User) -> None:
        """Raise HTTPException 429 when one more is too many of USER, 503 when it is too many of all."""
        if self._of[_owner(user)] >= self.per_user:
            told = f"{self.per_user} of your streams of events are open, which is the limit. Close one."
            raise HTTPException(429, told, {"Retry-After": "10"})
        if self.open >= self.limit:
            raise HTTPException(503, "Too many streams of events are open.", {"Retry-After": "10"})

    @contextlib.contextmanager
    def entered(self, user: User) -> Iterator[None]:
        """Count one more of USER for as long as it is open."""
        self._of[_owner(user)] += 1
        try:
            yield
        finally:
            self._of[_owner(user)] -= 1
            self._of += Counter()

    async def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call what blocks, in one of few threads."""
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(_THREADS)
        return await anyio.to_thread.run_sync(function, *arguments, limiter=self._threads)


@router.get(
    "/deployments/{id}/events",
    operation_id="followDeployment",
    summary="Follow what happens to a deployment",
    description="The stream ends when nothing works on the deployment any more. A client that comes back with "
    "Last-Event-ID goes on behind that event; when there is nothing more to come, it gets 204, which ends it.",
    response_class=EventSourceResponse,
    responses={**guarded(400, 404), 200: _STREAM, 204: {"description": "There is nothing more to come."}},
)
async def follow_deployment(
    request: Request,
    desk: TheDesk,
    user: TheUser,
    id: DeploymentId,
    follow: Annotated[bool, Query(description="Do not end when the deployment is at rest.")] = False,
    last_event_id: Annotated[
        int | None, Header(ge=0, le=_LARGEST_ID, description="The last event that the client has.")
    ] = None,
) -> Response:
    streams: Streams = request.app.state.streams
    streams.require_room(user)
    news = _News(streams, desk, user, id, last_event_id or 0)
    first = await news.look()
    if last_event_id is not None and not follow and first.at_rest and not first.events:
        return Response(status_code=204)
    # Others came meanwhile.
    streams.require_room(user)
    return _Stream(streams.entered(user), _events(news, first, request.app.state.settings.rest, follow), sep="\n")


def _owner(user: User) -> tuple[str, str]:
    return user.issuer, user.subject


class _Stream(EventSourceResponse):
    """A stream that is COUNTED while it is sent, also where its client goes before the first event."""

    def __init__(self, counted: AbstractContextManager[None], *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._counted = counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._counted:
            await super().__call__(scope, receive, send)


@dataclass(frozen=True)
class _Look:
    deployment: Deployment
    events: list[dict[str, Any]]

    @property
    def at_rest(self) -> bool:
        return status.is_over(self.deployment.status)


@dataclass
class _News:
    """What is new of a deployment since the last look."""

    streams: Streams
    desk: Desk
    user: User
    uuid: str
    after: int

    async def look(self) -> _Look:
        return await self.streams.call(self._look)

    def _look(self) -> _Look:
        # The status first: what comes between the two is then in the events.
        row = self.desk.deployment(self.user, self.uuid)
        events = self.desk.events(self.user, self.uuid, self.after)
        if events:
            self.after = events[-1][0]
        return _Look(
            row,
            [
                {"id": str(number), "event": told.kind.value, "data": json.dumps(wire.event(told))}
                for number, told in events
            ],
        )


async def _events(news: _News, look: _Look, settings: Rest, follow: bool) -> AsyncIterator[dict[str, Any]]:
    until = time.monotonic() + settings.stream_seconds
    told: tuple[str, str] | None = None
    try:
        while True:
            for event in look.events:
                yield event
            now = (look.deployment.status, look.deployment.reason)
            if now != told:
                told = now
                yield {"event": "status", "data": json.dumps({"status": now[0], "statusReason": now[1]})}
            if (look.at_rest and not follow) or time.monotonic() >= until:
                return
            await anyio.sleep(settings.poll)
            look = await news.look()
    except NotFound:
        yield {"event": "status", "data": json.dumps({"status": status.DELETE_COMPLETE, "statusReason": ""})}
