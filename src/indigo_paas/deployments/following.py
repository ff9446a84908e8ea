# SPDX-License-Identifier: Apache-2.0
"""A change that a server makes, shown to an observer as a run of this machine is."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indigo_paas.client import Deployment, Event, Orchestrator
from indigo_paas.deployments import from_server
from indigo_paas.errors import NotFound
from indigo_paas.ground.progress import Event as Told
from indigo_paas.ground.progress import Kind, Progress

if TYPE_CHECKING:
    from indigo_paas.engine.work import Observer

_TICK = 0.25  # seconds


class Following:
    """Follows one change of the deployment `uuid` at a server, and knows its progress."""

    def __init__(self, client: Orchestrator, uuid: str, observer: Observer) -> None:
        self._client, self._uuid, self._observer = client, uuid, observer
        self._lock = threading.Lock()
        self._shift: float | None = None
        self.progress = Progress()

    def say(self, text: str) -> None:
        """Show a line of our own."""
        self._tell(Told(time.time(), Kind.PROGRESS, text=text))

    def until_rest(self, after: int | None) -> Deployment | None:
        """Show what happens behind the event AFTER until nothing works on it; return it then, None when it is gone."""
        with self._ticking():
            # Not every server tells events; each can be asked again and again.
            with contextlib.suppress(NotFound):
                for each in self._client.events(self._uuid, after):
                    if isinstance(each, Event):
                        self._show(each)
            return self._client.wait(self._uuid, deleted=True)

    def _show(self, each: Event) -> None:
        if self._shift is None:
            # The server's clock may be another one; what it tells first has just happened.
            self._shift = time.time() - each.time
        found = from_server.event(each, self._shift)
        if found is not None:
            self._tell(found)

    def _tell(self, event: Told) -> None:
        with self._lock:
            from_server.feed(self.progress, event)
            self._observer.event(event, self.progress)

    @contextlib.contextmanager
    def _ticking(self) -> Iterator[None]:
        """Let the observer know several times a second that time goes by."""
        over = threading.Event()

        def tick() -> None:
            while not over.wait(_TICK):
                with self._lock:
                    self._observer.tick(self.progress)

        ticker = threading.Thread(target=tick, daemon=True)
        ticker.start()
        try:
            yield
        finally:
            over.set()
            ticker.join()


def last_event(client: Orchestrator, uuid: str) -> int | None:
    """Return the id of the last event of a deployment, None where the server tells none."""
    last = None
    with contextlib.suppress(NotFound):
        for each in client.events(uuid, until_now=True):
            if isinstance(each, Event):
                last = each.id
    return last
