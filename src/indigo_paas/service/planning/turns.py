# SPDX-License-Identifier: Apache-2.0
"""Whose plan is made next, and who has to ask again."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator

from indigo_paas.errors import TooMany, Unavailable
from indigo_paas.service.settings import Planning, fair_share

# Seconds after which it may be worth to ask again.
RETRY = 5


class Turns:
    """Lets so many plans be made at a time as LIMITS say, and so many wait; for many threads.

    The next one is of the user who has the fewest being made, and of these the one that came first. No user has so many
    at a time that others find all taken.
    """

    def __init__(self, limits: Planning) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._waiting: list[tuple[object, tuple[str, str]]] = []
        self._running: Counter[tuple[str, str]] = Counter()

    @contextlib.contextmanager
    def taken(self, user: tuple[str, str]) -> Iterator[None]:
        """Wait for the turn of USER, and hold it. Raises TooMany, or Unavailable, where too many wait already."""
        ticket = (object(), user)
        with self._changed:
            self._require_room(user)
            self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._is_next(ticket))
            self._waiting.remove(ticket)
            self._running[user] += 1
            # There may be room for another one, who was not the next one before.
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._running[user] -= 1
                self._running += Counter()
                self._changed.notify_all()

    def _require_room(self, user: tuple[str, str]) -> None:
        mine = self._running[user] + sum(other == user for _, other in self._waiting)
        if mine >= self._limits.per_user:
            told = f"{mine} of your templates are being planned, which is the limit. Wait until one of them is done."
            raise TooMany(told, RETRY)
        if self._running.total() + len(self._waiting) >= self._limits.waiting:
            raise Unavailable("Too many templates wait to be planned. Try again in some seconds.", RETRY)

    def _is_next(self, ticket: tuple[object, tuple[str, str]]) -> bool:
        if self._running.total() >= self._limits.workers:
            return False
        share = fair_share(self._limits.workers)
        ready = [each for each in self._waiting if self._running[each[1]] < share]
        return min(ready, key=lambda each: self._running[each[1]], default=None) is ticket
