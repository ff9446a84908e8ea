# SPDX-License-Identifier: Apache-2.0
"""What is asked of others and kept for a time, by many threads at once."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")

# An issuer that is down for a day does not shut out those whose tokens it has signed before.
LONGEST = 24 * 3600.0
# After a failure it is not asked for so long: each who asks would wait for the time limit anew.
PATIENCE = 5.0
# Seconds that one thread waits for another which fetches: all of them would wait where the issuer is slow.
_QUEUE = 1.0


class Failed(Exception):
    """The value could not be fetched; the text says why."""


class Kept(Generic[Value]):
    """A value that is fetched when it is wanted first, and anew when it is older than LIFETIME (seconds).

    Where it cannot be fetched anew, the old one is kept on, for a day. FETCH raises Failed. One thread fetches at a
    time; the others go on with the old value, or wait for the first. pause: seconds between two calls of `renewed`
    that really fetch.
    """

    def __init__(
        self,
        fetch: Callable[[], Value],
        lifetime: float,
        pause: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._lifetime = lifetime
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._held: tuple[Value, float] | None = None
        self._failed: tuple[str, float] | None = None
        self._renewed: float | None = None

    def get(self) -> Value:
        """Return the value. Raises Failed when there is none and none can be had."""
        held = self._held
        if held and self._age(held) < self._lifetime:
            return held[0]
        usable = held is not None and self._age(held) < LONGEST
        if not self._lock.acquire(blocking=not usable):
            assert held is not None
            return held[0]
        try:
            return self._current(usable)
        finally:
            self._lock.release()

    def renewed(self) -> Value:
        """Return the value as it is now, or as it was less than PAUSE seconds ago. Raises Failed."""
        if not self._lock.acquire(timeout=_QUEUE):
            raise Failed("it is being asked and is slow")
        try:
            if self._renewed is None or self._clock() - self._renewed >= self._pause:
                self._renewed = self._clock()
                return self._fetched()
            if self._failed or self._held is None:
                raise Failed(self._failed[0] if self._failed else "")
            return self._held[0]
        finally:
            self._lock.release()

    def _current(self, usable: bool) -> Value:
        held = self._held
        if held and self._age(held) < self._lifetime:
            return held[0]
        try:
            if self._failed and self._age(self._failed) < PATIENCE:
                raise Failed(self._failed[0])
            return self._fetched()
        except Failed:
            if usable and held:
                return held[0]
            raise

    def _fetched(self) -> Value:
        try:
            value = self._fetch()
        except Failed as error:
            self._failed = (str(error), self._clock())
            raise
        self._held, self._failed = (value, self._clock()), None
        return value

    def _age(self, dated: tuple[object, float]) -> float:
        return self._clock() - dated[1]


class Answers(Generic[Value]):
    """Answers about tokens, each for a time; the tokens themselves are not kept. most: how many answers."""

    def __init__(self, most: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[bytes, tuple[Value, float]] = OrderedDict()

    def get(self, token: str) -> Value | None:
        """Return the answer about TOKEN, None when there is none or it is too old."""
        with self._lock:
            found = self._answers.get(_digest(token))
        return found[0] if found and self._clock() < found[1] else None

    def put(self, token: str, answer: Value, lifetime: float) -> None:
        """Keep ANSWER about TOKEN for LIFETIME seconds; the oldest goes when there are too many."""
        with self._lock:
            self._answers[_digest(token)] = (answer, self._clock() + lifetime)
            self._answers.move_to_end(_digest(token))
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
