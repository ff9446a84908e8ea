# SPDX-License-Identifier: Apache-2.0
"""The events of a job of AWX in their order. Pure.

AWX numbers them from 1 (counter) and writes them down in bunches, so that a later one may be there before an earlier.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from indigo_paas.runner.job import Event

LAST = "playbook_on_stats"

_COLOURS = re.compile(r"\x1b\[[0-9;]*[mK]")


class InOrder:
    """Gives each event once.

    after: the counter of the last one of those that were given without a gap. whole: whether the playbook's own
    summary, which is its last event, was among them.
    """

    def __init__(self) -> None:
        self.after = 0
        self.whole = False

    def take(self, page: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
        """Yield those of PAGE, which is sorted, that follow without a gap."""
        for event in page:
            if event["counter"] > self.after + 1:
                return
            yield from self._give(event)

    def take_all(self, page: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
        """Yield all of PAGE: what is missing by now never comes."""
        for event in page:
            yield from self._give(event)

    def _give(self, event: Mapping[str, Any]) -> Iterator[Event]:
        if event["counter"] <= self.after:
            return
        self.after = event["counter"]
        self.whole |= event["event"] == LAST
        yield plain(event)


def plain(event: Mapping[str, Any]) -> Event:
    """Return EVENT as ansible-runner makes it where no terminal is: AWX has Ansible print in colours."""
    return {**event, "stdout": _COLOURS.sub("", str(event.get("stdout") or ""))}
