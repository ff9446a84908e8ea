# SPDX-License-Identifier: Apache-2.0
"""Processes of a run, found by the marker in their environment, and ended."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

MARKER = "INDIGO_PAAS_RUN"

# How long a process may take to end in good order, and the kernel to end it for good (seconds).
TERM_PATIENCE = 5.0
KILL_PATIENCE = 5.0
_PAUSE = 0.02


def marker(deployment: str, run: str) -> str:
    """Return the value of $INDIGO_PAAS_RUN for the processes of RUN."""
    return f"{deployment}/{run}"


def end(markers: Collection[str], patience: float = TERM_PATIENCE) -> int:
    """End the processes whose environment carries one of MARKERS, and return how many there were.

    They are asked first (SIGTERM) and killed after PATIENCE seconds. This process and its
    ancestors are spared. Processes that they start meanwhile are found by a second look.
    """
    found = _find(markers)
    for process in found:
        _signal(process, kill=False)
    _wait(found, patience)
    rest = _find(markers)
    for process in rest:
        _signal(process, kill=True)
    _wait(rest, KILL_PATIENCE)
    return len(found)


def _find(markers: Collection[str]) -> list[psutil.Process]:
    import psutil

    spared = {process.pid for process in [psutil.Process(), *psutil.Process().parents()]}
    found = psutil.process_iter()
    return [one for one in found if one.pid not in spared and _marked(one, markers)]


def _wait(processes: list[psutil.Process], patience: float) -> None:
    """Wait until PROCESSES are over, and leave them to their parents: ansible-runner waits for a child, too."""
    deadline = time.monotonic() + patience
    while any(map(_runs, processes)) and time.monotonic() < deadline:
        time.sleep(_PAUSE)


def _runs(process: psutil.Process) -> bool:
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _marked(process: psutil.Process, markers: Collection[str]) -> bool:
    import psutil

    try:
        return process.environ().get(MARKER) in markers
    except (psutil.Error, OSError):
        # Another user's process, or one that is gone: neither is ours to end.
        return False


def _signal(process: psutil.Process, kill: bool) -> None:
    import psutil

    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return
