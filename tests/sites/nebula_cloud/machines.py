# SPDX-License-Identifier: Apache-2.0
"""Machines, and the states that they go through."""

from __future__ import annotations

import time
from typing import Any

State = tuple[int, int]

# (STATE, LCM_STATE)
PENDING, HOLD, PROLOG, BOOT, RUNNING = (1, 0), (2, 0), (3, 1), (3, 2), (3, 3)
BOOT_FAILURE, EPILOG, SHUTDOWN, CLEANUP_DELETE = (3, 36), (3, 11), (3, 12), (3, 23)
SHUTDOWN_POWEROFF, POWEROFF, DONE = (3, 18), (8, 0), (6, 0)
SAVING, SAVING_POWEROFF = (3, 26), (3, 27)  # HOTPLUG_SAVEAS, and of a machine that is off
UNKNOWN = (3, 16)
START = [PENDING, PROLOG, BOOT, RUNNING]

ACTIVE = 3
STOPPED = (4, 5, 8, 9)  # STOPPED, SUSPENDED, POWEROFF, UNDEPLOYED
NOT_PLACED = (0, 1, 2, 10, 11)  # INIT, PENDING, HOLD, CLONING, CLONING_FAILURE
FAILURES = (36, 37, 38, 39, 40, 41, 42, 44, 46, 47, 48, 49, 50, 61)


class Machine:
    """A virtual machine; `path` is the sequence of states that it goes through, one each STEP seconds."""

    def __init__(self, number: int, attributes: dict[str, list[Any]], path: list[State], step: float) -> None:
        self.id = number
        self.attributes = attributes
        self.step = step
        self.path = path
        self.since = time.monotonic()
        self.ending = False
        self.released = False

    def go(self, path: list[State]) -> None:
        self.path, self.since = path, time.monotonic()

    @property
    def state(self) -> State:
        passed = int((time.monotonic() - self.since) / self.step) if self.step else len(self.path)
        return self.path[min(passed, len(self.path) - 1)]

    def end(self) -> bool:
        """Begin the machine's end, as terminate-hard does; return whether it may end in the state that it is in.

        For a while it is still seen in that state.
        """
        state = self.state
        if state[0] in NOT_PLACED:
            self._leave(DONE)
        elif self.ending or state == DONE:
            return state not in (EPILOG, CLEANUP_DELETE)
        elif state[0] in STOPPED:
            self._leave(state, EPILOG, DONE)
        elif state in (RUNNING, UNKNOWN, SHUTDOWN):
            self._leave(state, SHUTDOWN, EPILOG, DONE)
        elif state[0] == ACTIVE and state[1] in FAILURES:
            self._leave(state, CLEANUP_DELETE, DONE)
        else:
            return False
        return True

    def act(self, *path: State) -> bool:
        """Begin to go PATH, from the state that the machine is in; to be asked twice makes no difference."""
        if self.path != list(path):
            self.go(list(path))
        return True

    def _leave(self, *path: State) -> None:
        self.ending = True
        self.go(list(path))
