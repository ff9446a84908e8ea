# SPDX-License-Identifier: Apache-2.0
"""How many machines all sites could hold when they were last asked: what asks for more can be refused at once."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from indigo_paas.ground import paths
from indigo_paas.ground.paths import Home

# Seconds after which it may be otherwise, so that the sites are to be asked.
FRESH = 600.0


def machines(descriptions: Sequence[Mapping[str, Any]]) -> int | None:
    """Return how many machines the sites of DESCRIPTIONS could hold if they were empty; None where one does not say."""
    if not descriptions or not all(each["available"] for each in descriptions):
        return None
    found = [each["capacity"]["nodes"] for each in descriptions]
    return int(sum(found)) if all(math.isfinite(each) for each in found) else None


def note(home: Home, number: int | None) -> None:
    """Keep for a while in HOME how many machines all sites could hold; None where that is not known."""
    # Another job may note the same at this moment.
    with contextlib.suppress(OSError):
        paths.write_private(home.capacity, json.dumps({"time": time.time(), "machines": number}))


def known(home: Home) -> int | None:
    """Return how many machines all sites could hold; None where that was not found out lately."""
    try:
        kept = json.loads(home.capacity.read_text(encoding="utf-8"))
        return kept["machines"] if 0 <= time.time() - kept["time"] < FRESH else None
    except (OSError, ValueError, LookupError, TypeError):
        return None
