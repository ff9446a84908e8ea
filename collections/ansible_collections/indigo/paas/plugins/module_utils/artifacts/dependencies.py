# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role or a collection needs in turn, as its own metadata say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import needs
from ansible_collections.indigo.paas.plugins.module_utils.artifacts.needs import ROLE, Artifact
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError

try:
    import yaml
except ImportError:
    yaml = cast("Any", None)

_FULL_NAME = 2


def dependencies_of(artifact: Artifact, place: Path) -> Iterator[Artifact]:
    """Yield the roles or collections that the one in `place` says it needs; PaasError when it cannot be read."""
    asking = f"{artifact.kind} {artifact.name}"
    if artifact.kind == ROLE:
        for entry in _entries(place):
            file = _file(entry)
            # Roles of collections come with those; a path is a role that lies in this one.
            if file and not file.startswith((".", "/")) and ("://" in file or file.count(".") < _FULL_NAME):
                yield needs.role(file, asking)
        return
    for name, wanted in _collections(place).items():
        version = str(wanted).partition(",")[0].strip()
        yield needs.collection(name if version in ("", "*") else f"{name},{version}", asking)


def _entries(place: Path) -> Iterator[Any]:
    for name, key in (
        ("meta/main.yml", "dependencies"),
        ("meta/main.yaml", "dependencies"),
        ("meta/requirements.yml", "roles"),
    ):
        path = place / name
        if not path.is_file():
            continue
        try:
            data = yaml.safe_load(path.read_bytes())
        except (yaml.YAMLError, OSError) as error:
            shown = " ".join(str(error).split())[:200]
            raise PaasError(f"this role's metadata cannot be read: {shown}", file=str(path)) from error
        listed = data if isinstance(data, list) else data.get(key) if isinstance(data, dict) else None
        yield from listed if isinstance(listed, list) else ()


def _file(entry: Any) -> str:
    """Return a dependency in the notation of artifacts."""
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, dict):
        return ""
    source = entry.get("src") or entry.get("role") or entry.get("name") or ""
    git = "git+" if entry.get("scm") == "git" and not str(source).startswith("git+") else ""
    version, name = entry.get("version") or "", entry.get("name") if entry.get("src") else None
    return f"{git}{source}" + (f",{version}" if version or name else "") + (f",{name}" if name else "")


def _collections(place: Path) -> dict[str, Any]:
    try:
        found = json.loads((place / "MANIFEST.json").read_bytes())["collection_info"]["dependencies"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}
