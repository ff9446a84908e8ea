# SPDX-License-Identifier: Apache-2.0
"""A deployment as one inventory directory, for Ansible's own commands."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

from indigo_paas import deployment, sites
from indigo_paas.errors import IndigoError
from indigo_paas.paths import private_directory
from indigo_paas.settings import Settings
from indigo_paas.work import opened, require, sites_source

# Ansible reads the files of a directory by name, and the sites have to be known before the deployment.
_SITES = "0-sites"
_SHARED = ("group_vars", "host_vars")


def make(settings: Settings, name: str) -> Path:
    """Make and return the inventory directory of the deployment NAME: its sites, and itself."""
    with opened(settings) as memory:
        row = require(memory, name)
    files = settings.home.deployment(name)
    source = sites_source(settings, row)
    place = private_directory(files.root / "inventory")
    _link(place / f"{_SITES}{source.suffix if source.is_file() else ''}", source)
    beside = source if source.is_dir() else source.parent
    for shared in _SHARED:
        if (beside / shared).is_dir():
            _link(place / shared, beside / shared)
    deployment.write_to(place / files.source.name, files.root, deployment.read(files))
    return place


def listing(place: Path) -> str:
    """Return what ansible-inventory --list prints for the inventory PLACE."""
    command = ["ansible-inventory", "-i", str(place), "--list"]
    done = subprocess.run(command, env=sites.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise IndigoError(f"The inventory {place} cannot be read: {sites.why(done.stderr)}")
    return done.stdout


def _link(place: Path, target: Path) -> None:
    with contextlib.suppress(FileExistsError):
        place.symlink_to(target)
        return
    if os.readlink(place) != str(target):
        place.unlink()
        place.symlink_to(target)
