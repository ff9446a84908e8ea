# SPDX-License-Identifier: Apache-2.0
"""Whether a request is made again, and after how long. Pure but for chance."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from indigo_paas.client.calls import Answer, Call

_REPEATABLE = ("GET", "DELETE")


@dataclass(frozen=True)
class Retries:
    """How often a request is made, and how long is waited before the next time.

    attempts: in all. first: the pause after the first one, which then doubles up to `longest` (seconds); a server that
    asks for more time than `longest` is not waited for.
    """

    attempts: int = 5
    first: float = 0.5
    longest: float = 30.0

    def pause(self, attempt: int) -> float:
        """Return the seconds before what follows ATTEMPT (from 1), so that many clients do not come back together."""
        return float(min(self.longest, self.first * 2 ** min(attempt - 1, 30)) * random.uniform(0.5, 1.0))

    def after_failure(self, call: Call[Any], sent: bool, attempt: int) -> float | None:
        """Return the pause after no answer came, None to give up. SENT: the server may have got the request."""
        if attempt >= self.attempts or (sent and call.method not in _REPEATABLE):
            return None
        return self.pause(attempt)

    def after_answer(self, call: Call[Any], answer: Answer, attempt: int) -> float | None:
        """Return the pause after an ANSWER that may be another one next time, None to take it as it is."""
        if attempt >= self.attempts or not _is_passing(call, answer):
            return None
        asked = retry_after(answer.headers.get("retry-after"))
        if asked is None:
            return self.pause(attempt)
        return None if asked > self.longest else max(asked, self.first / 10)


def _is_passing(call: Call[Any], answer: Answer) -> bool:
    if answer.status == 429:
        return True
    # Two changes met, and the server did nothing of the second one.
    if answer.status == 409:
        return "retry-after" in answer.headers
    if call.method in _REPEATABLE:
        return answer.status in (502, 503, 504)
    return answer.status == 503 and "retry-after" in answer.headers


def retry_after(value: str | None) -> float | None:
    """Return the seconds that the header Retry-After asks for, None when it asks for nothing that can be read."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - time.time())
