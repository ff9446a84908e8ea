# SPDX-License-Identifier: Apache-2.0
"""What the process that serves and one that plans say to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# What an answer begins with: it is done, refused with reasons, too much for the memory, too large, a fault of ours.
DONE, REFUSED, MEMORY, LARGE, FAULT = "done", "refused", "memory", "large", "fault"


@dataclass(frozen=True)
class Order:
    """What a process does: FUNCTION of `plans` with ARGUMENTS, in so many seconds, bytes of memory and of answer."""

    function: str
    arguments: Sequence[Any]
    seconds: float
    memory: int
    largest: int
