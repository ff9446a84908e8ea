# SPDX-License-Identifier: Apache-2.0
"""Both clients, as one: what holds of one holds of the other."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from indigo_paas.client import AsyncOrchestrator, Orchestrator, Retries
from tests.service.client.lively import LivelyDesk, app_of, served

QUICK = Retries(attempts=3, first=0.001, longest=5.0)


class Blocking:
    """An AsyncOrchestrator that is called as an Orchestrator is."""

    def __init__(self, client: AsyncOrchestrator, loop: asyncio.AbstractEventLoop) -> None:
        self._client, self._loop = client, loop

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            result = found(*args, **kwargs)
            if inspect.isasyncgen(result):
                return self._iterate(result)
            return self._loop.run_until_complete(result)

        return call

    def _iterate(self, items: Any) -> Iterator[Any]:
        try:
            while True:
                try:
                    yield self._loop.run_until_complete(anext(items))
                except StopAsyncIteration:
                    return
        finally:
            self._loop.run_until_complete(items.aclose())


@pytest.fixture(autouse=True)
def _environment(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith(("INDIGO_PAAS_", "ORCHENT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("INDIGO_PAAS_HOME", str(tmp_path / "home"))
    umask = os.umask(0o077)
    yield
    os.umask(umask)


@pytest.fixture(params=["sync", "async"])
def connect(request):
    """Make a client of one of the two kinds; HANDLER answers its requests in place of a server."""
    made = []
    loop = asyncio.new_event_loop()

    def make(handler=None, url="https://paas.example.org", token="alice", **kwargs):
        if handler:
            kwargs["transport"] = httpx.MockTransport(handler)
        kwargs.setdefault("retries", QUICK)
        if request.param == "sync":
            client = Orchestrator(url, token, **kwargs)
        else:
            client = Blocking(AsyncOrchestrator(url, token, **kwargs), loop)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()
    loop.close()


@pytest.fixture
def desk():
    return LivelyDesk()


@pytest.fixture
def url(desk, tmp_path):
    """The URL of the API over DESK."""
    with served(app_of(desk, tmp_path)) as found:
        yield found
