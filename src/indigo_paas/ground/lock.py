# SPDX-License-Identifier: Apache-2.0
"""One command at a time on a deployment."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from indigo_paas.errors import Busy

# is_held() takes the lock for an instant, so a command that finds it taken looks again before it gives up.
_PATIENCE = 0.3
_PAUSE = 0.02


@dataclass(frozen=True)
class Holder:
    """Who works on a deployment: "deploy NAME" or the like, its process id, since when (epoch seconds)."""

    command: str
    pid: int
    started: float

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.started).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        return f"'indigo-paas {self.command}' (process {self.pid}, since {since})"


@contextlib.contextmanager
def hold(path: Path, deployment: str, command: str) -> Iterator[None]:
    """Hold the lock file PATH, made if it is missing, for COMMAND on DEPLOYMENT.

    The kernel frees the lock when the process ends, however it ends.
    Raises Busy when another command holds it, FileNotFoundError when the directory of PATH is gone.
    """
    descriptor = _acquire(path, deployment)
    try:
        holder = Holder(f"{command} {deployment}", os.getpid(), time.time())
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Say whether a command works under the lock file PATH, without waiting for it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def holder(path: Path) -> Holder | None:
    """Return who last wrote the lock file PATH; None when nobody can be named."""
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _acquire(path: Path, deployment: str) -> int:
    deadline = time.monotonic() + _PATIENCE
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if _try(descriptor) and _is_current(descriptor, path):
            return descriptor
        os.close(descriptor)
        if time.monotonic() > deadline:
            other = holder(path)
            who = f"by {other}" if other else "by another command"
            raise Busy(f"{deployment} is being worked on {who}. Wait until it is over, or stop it.")
        time.sleep(_PAUSE)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_current(descriptor: int, path: Path) -> bool:
    """Say whether PATH still names the file: a destroy removes it while others may have it open."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
