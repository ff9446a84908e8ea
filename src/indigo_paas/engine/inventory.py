# SPDX-License-Identifier: Apache-2.0
"""A deployment as one inventory directory, for Ansible's own commands."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

from indigo_paas import runner
from indigo_paas.engine import sites
from indigo_paas.engine.work import looked, require, sites_source
from indigo_paas.errors import IndigoError
from indigo_paas.ground.paths import private_directory
from indigo_paas.runner.settings import Settings
from indigo_paas.templates import kept_request


def make(settings: Settings, name: str) -> Path:
    """Make and return the inventory directory of the deployment NAME: its sites, and itself."""
    row = looked(settings, lambda memory: require(memory, name))
    files = settings.home.deployment(name)
    place = private_directory(files.root / "inventory")
    for part, target in kept_request.inventory_parts(sites_source(settings, row)).items():
        _link(place / part, target)
    kept_request.write_to(place / files.source.name, files.root, kept_request.read(files))
    return place


def listing(place: Path) -> str:
    """Return what ansible-inventory --list prints for the inventory PLACE."""
    command = ["ansible-inventory", "-i", str(place), "--list"]
    done = subprocess.run(command, env=runner.own(), capture_output=True, text=True, check=False)
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
