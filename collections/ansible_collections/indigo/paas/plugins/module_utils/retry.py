# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calling again what failed for a passing reason."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


class Retry:
    """Calls functions, and calls them again while their failure is a passing one.

    passing   returns None for an error that will not pass, 0 for one that may, and otherwise for how many
              seconds the service asked to be left alone
    tries     how often a function is called at most
    longest   a wish to be left alone for longer than this, in seconds, counts as one that does not pass

    Threads may share one: where a service asks to be left alone, all of them wait.
    """

    def __init__(
        self,
        passing: Callable[[Exception], float | None],
        *,
        tries: int = 7,
        longest: float = 300.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._passing = passing
        self._tries = tries
        self._longest = longest
        self._sleep = sleep
        self._clock = clock
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def __call__(self, function: Callable[[], Answer]) -> Answer:
        """Return FUNCTION's answer; raise its last error when it fails for good."""
        for attempt in range(1, self._tries + 1):
            self.wait()
            try:
                return function()
            except Exception as error:
                if not self.passes(error) or attempt == self._tries:
                    raise
            self._sleep(pause(attempt))
        raise AssertionError("unreachable")

    def passes(self, error: Exception) -> bool:
        """Return whether ERROR may pass; where it asks for a pause, every later call waits for its end."""
        wish = self._passing(error)
        if wish is None or wish > self._longest:
            return False
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock() + wish)
        return True

    def wait(self) -> None:
        """Wait until the service may be called again."""
        with self._lock:
            left = self._closed_until - self._clock()
        if left > 0:
            self._sleep(left)


def pause(attempt: int) -> float:
    """Return how many seconds to wait after the ATTEMPT-th (from 1) failure: doubling, with some chance in it."""
    doubled: float = FIRST_PAUSE * 2 ** min(attempt - 1, 20)
    return min(doubled, LONGEST_PAUSE) * random.uniform(0.8, 1.2)
