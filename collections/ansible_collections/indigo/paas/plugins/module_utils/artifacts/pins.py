# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment's artifacts are: each one's source and digest, so that every run takes the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import tree
from ansible_collections.indigo.paas.plugins.module_utils.artifacts.needs import Artifact
from ansible_collections.indigo.paas.plugins.module_utils.download import bare
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError

FILE = "pins.json"


@dataclass(frozen=True)
class Pin:
    """What lies in one place: where it came from (without password and query), its version, its SHA-256.

    `cached` is its path in the cache, which differs for all that differs in source or version.
    """

    source: str
    version: str | None
    cached: str
    sha256: str


def pin(artifact: Artifact, directory: Path) -> Pin:
    """Return the pin of what lies in the artifact's place."""
    source = bare(artifact.source) if "://" in artifact.source else artifact.source
    return Pin(source, artifact.version, artifact.cached, tree.digest(directory / artifact.place))


def read(directory: Path) -> dict[str, Pin]:
    """Return the pins of a deployment's directory by place; PaasError when their file is damaged."""
    path = directory / FILE
    try:
        return {place: Pin(**fields) for place, fields in json.loads(path.read_bytes()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        hint = "Remove it: all artifacts are then fetched again."
        raise PaasError(f"this list of pinned artifacts cannot be read: {error}", file=str(path), hint=hint) from error


def write(directory: Path, pins: Mapping[str, Pin]) -> None:
    """Write the pins of a deployment's directory in one step."""
    text = json.dumps({place: asdict(one) for place, one in sorted(pins.items())}, indent=2)
    with tree.draft(directory) as made:
        (made / FILE).write_text(f"{text}\n", encoding="utf-8")
        tree.put(made / FILE, directory / FILE, directory)
