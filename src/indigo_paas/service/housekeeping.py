# SPDX-License-Identifier: Apache-2.0
"""What nobody needs any more, removed now and then: it does no harm, but it would grow."""

from __future__ import annotations

import contextlib
import shutil
import time
import uuid
from pathlib import Path

from indigo_paas.ground import lock
from indigo_paas.ground.paths import DeploymentFiles, Home
from indigo_paas.store import RUNNING, Store

# Seconds between two times.
PAUSE = 60.0

# Seconds; what is younger may be in the making.
AGE = 3600.0

# Seconds for which tokens of a user without deployments are kept: those of one who is making the first.
UNUSED = 600.0


# Of a deployment, so many runs are kept however old they are.
LAST_RUNS = 5

_DAY = 24 * 3600.0


def tidy(home: Home, store: Store, keep: float) -> None:
    """Remove what is left in HOME of deployments and jobs that STORE does not know, and what STORE holds in vain.

    keep: days for which what is over is kept, 0 for ever.
    """
    _remove_directories(home, store)
    _remove_access_tokens(home, store)
    store.tokens.remove_unused(time.time() - UNUSED)
    if keep:
        before = time.time() - keep * _DAY
        _remove_logs(home, store, before)
        store.jobs.remove_ended(before)
        store.remove_runs(before, LAST_RUNS)


def _remove_directories(home: Home, store: Store) -> None:
    """Remove those of deployments that came to nothing: whoever made them died before the store knew of them."""
    places = home.deployment("any").root.parent
    for place in places.iterdir() if places.is_dir() else ():
        is_old = _is_ours(place) and time.time() - place.stat().st_mtime > AGE
        if is_old and store.deployment(place.name) is None and not lock.is_held(DeploymentFiles(place).lock):
            shutil.rmtree(place, ignore_errors=True)


def _remove_access_tokens(home: Home, store: Store) -> None:
    """Remove the access tokens of jobs whose process was killed."""
    there = list(home.access_tokens.iterdir()) if home.access_tokens.is_dir() else []
    known = {home.access_token(job.id, job.starts).name for job in store.jobs.open() if job.state == RUNNING}
    for file in there:
        if file.name.lstrip(".") not in known:
            file.unlink(missing_ok=True)


def _remove_logs(home: Home, store: Store, before: float) -> None:
    """Remove the logs of jobs into which nothing was written since BEFORE."""
    known = {home.log(job.id) for job in store.jobs.open()}
    for log in home.logs.glob("job-*.txt"):
        with contextlib.suppress(FileNotFoundError):
            if log not in known and log.stat().st_mtime < before:
                log.unlink()


def _is_ours(place: Path) -> bool:
    """Say whether the service named PLACE: by a uuid."""
    try:
        return str(uuid.UUID(place.name)) == place.name
    except ValueError:
        return False
