# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much work one template may cause: names compared, seconds of patterns, size of what its functions make.

Each is limited for the template as a whole, so that many parts cost no more than one.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from dataclasses import dataclass

# Pairs of names that are compared to say what an unknown one was meant to be.
COMPARISONS = 100_000
# Of the processor's time, for all patterns together.
PATTERN_SECONDS = 2.0
# Characters and items that functions make: in one value, and in all.
LARGEST_VALUE = 1_000_000
LARGEST_VALUES = 5_000_000


@dataclass
class Effort:
    """What is left of each limit."""

    comparisons: int = COMPARISONS
    pattern_seconds: float = PATTERN_SECONDS
    values: int = LARGEST_VALUES


_current: contextvars.ContextVar[Effort | None] = contextvars.ContextVar("effort", default=None)


@contextlib.contextmanager
def limited() -> Iterator[Effort]:
    """Limit what is done inside; where it is limited already, that holds."""
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    effort = Effort()
    token = _current.set(effort)
    try:
        yield effort
    finally:
        _current.reset(token)


def current() -> Effort:
    """Return what is left; outside of `limited` everything."""
    return _current.get() or Effort()
