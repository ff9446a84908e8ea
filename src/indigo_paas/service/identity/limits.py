# SPDX-License-Identifier: Apache-2.0
"""How often who may ask. The counts are those of this process."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from indigo_paas.service.identity.addresses import neighbourhood
from indigo_paas.service.identity.errors import TooManyRequests
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.model import User


class Limits:
    """The rates of IDENTITY over a moving window; for many threads."""

    def __init__(self, identity: Identity) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._requests = _rate(identity.requests)
        self._changes = _rate(identity.changes)
        self._failures = _rate(identity.failures)

    def request(self, user: User, *, changes: bool) -> None:
        """Count a request of USER. Raises TooManyRequests when it is one too many."""
        # As a pair: with a plain separator two users could have one count.
        who = repr((user.subject, user.issuer))
        if changes:
            self._count(self._changes, "changes", who, "You change too much")
        self._count(self._requests, "requests", who, "You ask too often")

    def failure(self, address: str) -> None:
        """Count a token from ADDRESS that was not accepted. Raises TooManyRequests when it is one too many."""
        self._count(self._failures, "failures", neighbourhood(address), _FAILURES)

    def require_few_failures(self, address: str) -> None:
        """Raise TooManyRequests when ADDRESS has come with too many tokens that were not accepted."""
        rate = self._failures
        if rate and not self._limiter.test(rate, "failures", neighbourhood(address)):
            raise self._too_many(rate, "failures", neighbourhood(address), _FAILURES)

    def _count(self, rate: RateLimitItem | None, what: str, who: str, said: str) -> None:
        if rate and not self._limiter.hit(rate, what, who):
            raise self._too_many(rate, what, who, said)

    def _too_many(self, rate: RateLimitItem, what: str, who: str, said: str) -> TooManyRequests:
        reset = self._limiter.get_window_stats(rate, what, who).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        return TooManyRequests(f"{said}: no more than {_shown(rate)}. Wait {wait} s.", retry_after=wait)


_FAILURES = "Too many tokens from your address were not accepted"


def _rate(text: str) -> RateLimitItem | None:
    return parse(text) if text else None


def _shown(rate: RateLimitItem) -> str:
    return f"{rate.amount} in {rate.get_expiry()} s"
