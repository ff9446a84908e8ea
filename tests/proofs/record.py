# SPDX-License-Identifier: Apache-2.0
"""Which groups passed in a run, and how long their tests took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tests.proofs.groups import Groups

PHASES = frozenset(("setup", "call", "teardown"))


class Record:
    """What a run tells of its tests."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._tests: dict[str, set[str]] = defaultdict(set)
        self._phases: dict[str, set[str]] = defaultdict(set)
        self._seconds: dict[str, float] = defaultdict(float)
        self._in_part: set[str] = set()

    def collected(self, ids: Iterable[str]) -> None:
        """Take the ids of the tests that the run has; several processes tell the same."""
        for nodeid in ids:
            name = self._groups.name_of(nodeid)
            if name is not None:
                self._tests[name].add(nodeid)

    def not_collected(self, place: str) -> None:
        """Take a file or folder of tests that was skipped or that failed before its tests were known."""
        self._in_part |= {group.name for group in self._groups if any(_within(file, place) for file in group.files)}
        name = self._groups.name_of(place)
        if name is not None:
            self._in_part.add(name)

    def phase(self, nodeid: str, when: str | None, outcome: str, seconds: float) -> None:
        """Take the end of a test's phase: `when` is setup, call or teardown."""
        self._seconds[nodeid] += seconds
        if when is not None and outcome == "passed":
            self._phases[nodeid].add(when)

    def passed(self) -> dict[str, float]:
        """Return the seconds of each group of which every test passed in every phase.

        One that was skipped did not pass, nor one that the run did not come to.
        """
        return {
            name: sum(self._seconds[test] for test in tests)
            for name, tests in self._tests.items()
            if name not in self._in_part and all(self._phases[test] >= PHASES for test in tests)
        }


def _within(file: str, folder: str) -> bool:
    return not folder or file == folder or file.startswith(f"{folder}/")
