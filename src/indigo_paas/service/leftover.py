# SPDX-License-Identifier: Apache-2.0
"""Directories of deployments that came to nothing: whoever made them died before the store knew of them."""

from __future__ import annotations

import shutil
import time
import uuid
from pathlib import Path

from indigo_paas import lock
from indigo_paas.paths import DeploymentFiles, Home
from indigo_paas.store import Store

# Seconds; what is younger may be in the making.
AGE = 3600.0


def remove(home: Home, store: Store, age: float = AGE) -> None:
    """Remove the directories in HOME that the service made, that STORE does not know, and that are older than AGE."""
    places = home.deployment("any").root.parent
    for place in places.iterdir() if places.is_dir() else ():
        is_old = _is_ours(place) and time.time() - place.stat().st_mtime > age
        if is_old and store.deployment(place.name) is None and not lock.is_held(DeploymentFiles(place).lock):
            shutil.rmtree(place, ignore_errors=True)


def _is_ours(place: Path) -> bool:
    """Say whether the service named PLACE: by a uuid."""
    try:
        return str(uuid.UUID(place.name)) == place.name
    except ValueError:
        return False
