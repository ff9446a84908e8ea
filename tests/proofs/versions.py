# SPDX-License-Identifier: Apache-2.0
"""The versions of packages that tests install: Python's, and Debian's as this machine's archive offers them now."""

from __future__ import annotations

import functools
import importlib.metadata
import pathlib
import re
import subprocess
import tempfile

TIMEOUT = 120
PYTHON = "python"
_SOURCES = pathlib.Path("/etc/apt")
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_ARCHIVE = re.compile(r"^(?:deb\s+(?:\[[^]]*\]\s*)?|URIs:\s*)(https?://\S+/debian)/?(?:\s|$)", re.MULTILINE)
_CANDIDATE = re.compile(r"^(\S+):\n(?:  .*\n)*?  Candidate: (\S+)", re.MULTILINE)


def versions(kind: str, packages: tuple[str, ...]) -> dict[str, str | None]:
    """Return the versions of packages by name: of this Python, or of the Debian suite KIND; None for unknown ones."""
    if kind == PYTHON:
        return {name: _of_python(name) for name in packages}
    offered = _of_debian(kind, packages)
    return {name: offered.get(name) for name in packages}


def _of_python(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def _of_debian(suite: str, packages: tuple[str, ...]) -> dict[str, str]:
    lists = _lists(suite)
    said = _said("apt-cache", *_options(lists.name), "policy", *packages) if lists else ""
    return {name: version for name, version in _CANDIDATE.findall(said) if version != "(none)"}


@functools.cache
def _lists(suite: str) -> tempfile.TemporaryDirectory[str] | None:
    """Fetch the lists of a suite, from where this machine has its own packages; None where that is not known.

    They are deleted when this process ends.
    """
    archive = _archive()
    if archive is None:
        return None
    kept = tempfile.TemporaryDirectory(prefix="indigo-paas-lists-")
    directory = pathlib.Path(kept.name)
    for name in ("lists/partial", "cache"):
        (directory / name).mkdir(parents=True)
    (directory / "status").touch()
    signed = f"[signed-by={_KEYRING}] " if pathlib.Path(_KEYRING).exists() else ""
    (directory / "sources.list").write_text(f"deb {signed}{archive} {suite} main\n")
    _said("apt-get", *_options(kept.name), "update", "-qq")
    return kept


def _archive() -> str | None:
    files = [_SOURCES / "sources.list", *sorted((_SOURCES / "sources.list.d").glob("*"))]
    texts = [path.read_text() for path in files if path.is_file() and path.suffix in (".list", ".sources")]
    return next((found[1] for text in texts if (found := _ARCHIVE.search(text))), None)


def _options(directory: str) -> list[str]:
    places = {
        "Dir::Etc::sourcelist": f"{directory}/sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State": directory,
        "Dir::State::status": f"{directory}/status",
        "Dir::Cache": f"{directory}/cache",
        "Acquire::Languages": "none",
    }
    return [word for name, place in places.items() for word in ("-o", f"{name}={place}")]


def _said(*command: str) -> str:
    """Return what a program prints; nothing where it fails, so that the versions stay unknown."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
