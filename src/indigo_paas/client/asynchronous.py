# SPDX-License-Identifier: Apache-2.0
"""The client for asyncio. What it does is said in synchronous.py, and done by the same steps."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import httpx

from indigo_paas.client import calls, steps
from indigo_paas.client.calls import Answer, Call
from indigo_paas.client.connection import Connection, Token, Unreachable, answer_of
from indigo_paas.client.documents import Deployment, Event, Info, Resource, StatusChange
from indigo_paas.client.retries import Retries
from indigo_paas.client.steps import Give, Now, Open, Pause, Read, Send, Step, Steps

T = TypeVar("T")


class AsyncOrchestrator:
    """The same as `Orchestrator`, for asyncio: each method is awaited, or iterated over with `async for`.

    token: may also be a coroutine function.
    """

    def __init__(
        self,
        url: str | None = None,
        token: Token | None = None,
        *,
        ca_file: str | os.PathLike[str] | None = None,
        timeout: float = 60.0,
        retries: Retries | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._connection = Connection.of(url, token, ca_file, timeout)
        self._retries = retries or Retries()
        self._http = httpx.AsyncClient(transport=transport, **self._connection.options())

    @property
    def url(self) -> str:
        """Where the API is, without a slash at the end."""
        return self._connection.url

    async def __aenter__(self) -> AsyncOrchestrator:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def info(self) -> Info:
        """See `Orchestrator.info`."""
        return await self._ask(calls.info())

    async def configuration(self) -> Mapping[str, str]:
        """See `Orchestrator.configuration`."""
        return await self._ask(calls.configuration())

    def deployments(self, created_by: str | None = None, user_group: str | None = None) -> AsyncIterator[Deployment]:
        """See `Orchestrator.deployments`."""
        return self._stream(
            steps.listed(lambda number: calls.deployments(number, created_by, user_group), self._retries)
        )

    async def deployment(self, uuid: str) -> Deployment:
        """See `Orchestrator.deployment`."""
        return await self._ask(calls.deployment(uuid))

    async def create(self, template: str, parameters: Mapping[str, Any] | None = None, **options: Any) -> Deployment:
        """See `Orchestrator.create`."""
        return await self._ask(calls.create(template, parameters or {}, options))

    async def update(
        self, uuid: str, template: str, parameters: Mapping[str, Any] | None = None, **options: Any
    ) -> None:
        """See `Orchestrator.update`."""
        await self._ask(calls.update(uuid, template, parameters or {}, options))

    async def delete(self, uuid: str, force: bool = False) -> None:
        """See `Orchestrator.delete`."""
        await self._ask(calls.delete(uuid, force))

    async def reset(self, uuid: str) -> None:
        """See `Orchestrator.reset`."""
        await self._ask(calls.reset(uuid))

    async def template(self, uuid: str) -> str:
        """See `Orchestrator.template`."""
        return await self._ask(calls.template(uuid))

    async def log(self, uuid: str) -> str:
        """See `Orchestrator.log`."""
        return await self._ask(calls.log(uuid))

    async def extrainfo(self, uuid: str) -> list[Any]:
        """See `Orchestrator.extrainfo`."""
        return await self._ask(calls.extra_info(uuid))

    def resources(self, uuid: str, type: str | None = None) -> AsyncIterator[Resource]:
        """See `Orchestrator.resources`."""
        return self._stream(steps.listed(lambda number: calls.resources(uuid, number, type), self._retries))

    async def resource(self, uuid: str, rid: str) -> Resource:
        """See `Orchestrator.resource`."""
        return await self._ask(calls.resource(uuid, rid))

    async def act(self, uuid: str, rid: str, action: str) -> None:
        """See `Orchestrator.act`."""
        await self._ask(calls.act(uuid, rid, action))

    def events(
        self, uuid: str, after: int | None = None, until_now: bool = False
    ) -> AsyncGenerator[Event | StatusChange, None]:
        """See `Orchestrator.events`."""
        return self._stream(steps.followed(uuid, after, until_now, self._retries))

    async def wait(self, uuid: str, timeout: float | None = None, deleted: bool = False) -> Deployment | None:
        """See `Orchestrator.wait`."""
        return await self._run(steps.wait(uuid, timeout, deleted, self._retries))

    async def _ask(self, call: Call[T]) -> T:
        return await self._run(steps.ask(call, self._retries))

    async def _run(self, todo: Steps[T]) -> T:
        async with AsyncExitStack() as opened:
            performer = _Performer(self._http, self._connection, opened)
            try:
                step = next(todo)
                while True:
                    step = await performer.perform(todo, step)
            except _Over as end:
                result: T = end.value
                return result

    async def _stream(self, todo: Steps[None]) -> AsyncGenerator[Any, None]:
        async with AsyncExitStack() as opened:
            performer = _Performer(self._http, self._connection, opened)
            step: Step | None = next(todo, None)
            with contextlib.suppress(_Over):
                while step is not None:
                    if isinstance(step, Give):
                        yield step.item
                        step = next(todo, None)
                    else:
                        step = await performer.perform(todo, step)


class _Over(Exception):
    """The steps are over. StopIteration cannot leave a coroutine."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class _Performer:
    """Does what steps say, one after another."""

    def __init__(self, http: httpx.AsyncClient, connection: Connection, opened: AsyncExitStack) -> None:
        self._http, self._connection, self._opened = http, connection, opened
        self._bytes: AsyncIterator[bytes] | None = None

    async def perform(self, todo: Steps[Any], step: Step) -> Step:
        """Do STEP, and return the one that follows in TODO; raise _Over behind the last one."""
        came: Any = None
        failure: Unreachable | None = None
        try:
            came = await self._do(step)
        except Unreachable as error:
            failure = error
        try:
            return todo.throw(failure) if failure else todo.send(came)
        except StopIteration as end:
            raise _Over(end.value) from None

    async def _do(self, step: Step) -> Any:
        match step:
            case Send(call):
                with self._connection.watched():
                    response = await self._http.request(**self._connection.request(call, await self._token()))
                    return answer_of(response, response.content)
            case Open(call):
                return await self._open(call)
            case Read():
                with self._connection.watched():
                    return await anext(self._bytes, None) if self._bytes else None
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Now():
                return asyncio.get_running_loop().time()
        return None

    async def _open(self, call: Call[Any]) -> Answer:
        await self._opened.aclose()
        with self._connection.watched():
            arguments = self._connection.request(call, await self._token(), stream=True)
            response = await self._opened.enter_async_context(self._http.stream(**arguments))
            if response.status_code >= 300:
                return answer_of(response, await response.aread())
        self._bytes = response.aiter_bytes()
        return answer_of(response, b"")

    async def _token(self) -> str | None:
        token = self._connection.token
        found = token() if callable(token) else token
        return await found if inspect.isawaitable(found) else found
