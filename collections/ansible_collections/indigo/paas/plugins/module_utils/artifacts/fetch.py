# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings artifacts into a deployment's directory: they are there already, or in the cache, or are fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import beside, galaxy, pins, tree
from ansible_collections.indigo.paas.plugins.module_utils.artifacts.dependencies import dependencies_of
from ansible_collections.indigo.paas.plugins.module_utils.artifacts.needs import (
    BESIDE,
    COLLECTION,
    FILE,
    NAME_FILES,
    PLAYBOOK,
    ROLE,
    Artifact,
)
from ansible_collections.indigo.paas.plugins.module_utils.artifacts.pins import Pin
from ansible_collections.indigo.paas.plugins.module_utils.download import read_url
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError, Problem

MAX_PLAYBOOK = 2_000_000
_AT_ONCE = 4
# What was done for an artifact.
_THERE, _COPIED, _FETCHED = "there", "copied", "fetched"

# Of the full name of a collection: the directory from which Ansible takes it now, None when it does not find it.
FindCollection = Callable[[str], "Path | None"]


@dataclass(frozen=True)
class Places:
    """directory: of the deployment. cache: shared by all deployments of a user."""

    directory: Path
    cache: Path


@dataclass
class Provided:
    """The artifacts that are in place, in the order of need, and what had to be done for it.

    brought: places in the deployment's directory. fetched: those of the artifacts that were not in the cache before.
    """

    artifacts: list[Artifact] = field(default_factory=list)
    brought: list[str] = field(default_factory=list)
    fetched: list[Artifact] = field(default_factory=list)


def provide(wanted: Iterable[Artifact], places: Places, find_collection: FindCollection) -> Provided:
    """Bring artifacts, and what these need in turn, into the deployment's directory.

    PaasError names all that cannot be had: what, who needs it, why, and where to put it. What was had by then is kept.
    """
    found = Provided()
    known: dict[str, Pin] = pins.read(places.directory)
    waiting, seen, problems = list(wanted), set(), []
    while waiting:
        seen |= {artifact.place for artifact in waiting}
        problems += _bring(waiting, places, find_collection, known, found)
        needed = {each.place: each for artifact in waiting for each in _needs_of(artifact, places)}
        waiting = [each for place, each in needed.items() if place not in seen]
    if found.brought:
        pins.write(places.directory, known)
    if problems:
        raise PaasError(problems)
    return found


def missing(wanted: Iterable[Artifact], places: Places) -> list[Artifact]:
    """Return the artifacts that are not in the deployment's directory, or not as they now are."""
    known = pins.read(places.directory)
    return [artifact for artifact in wanted if not _is_pinned(artifact, places, known)]


def forget(found: Provided, places: Places) -> None:
    """Drop playbooks that turned out to be useless right after they were fetched, so that mended ones are fetched."""
    known = pins.read(places.directory)
    dropped = [artifact for artifact in found.fetched if artifact.kind == PLAYBOOK]
    for artifact in dropped:
        known.pop(artifact.place, None)
        (places.directory / artifact.place).unlink(missing_ok=True)
        (places.cache / artifact.cached).unlink(missing_ok=True)
    if dropped:
        pins.write(places.directory, known)


def _bring(
    wanted: list[Artifact],
    places: Places,
    find_collection: FindCollection,
    known: dict[str, Pin],
    found: Provided,
) -> list[Problem]:
    """Bring some artifacts, several at once, and note it in `known` and `found`; return what went wrong."""

    def bring(artifact: Artifact) -> str | PaasError:
        try:
            return _bring_one(artifact, places, find_collection, known)
        except PaasError as error:
            return error

    problems: list[Problem] = []
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for artifact, result in zip(wanted, pool.map(bring, wanted), strict=True):
            if isinstance(result, PaasError):
                problems += result.problems
                continue
            found.artifacts.append(artifact)
            if result == _FETCHED:
                found.fetched.append(artifact)
            if result != _THERE:
                found.brought.append(artifact.place)
                known[artifact.place] = pins.pin(artifact, places.directory)
    return problems


def _bring_one(artifact: Artifact, places: Places, find_collection: FindCollection, known: dict[str, Pin]) -> str:
    """Bring one artifact; return _THERE, _COPIED or _FETCHED."""
    if artifact.is_local:
        return _COPIED if _bring_beside(artifact, places) else _THERE
    if _is_pinned(artifact, places, known):
        _check_pin(artifact, places, known[artifact.place])
        return _THERE
    if artifact.kind == COLLECTION and _is_installed(artifact, places, find_collection):
        return _THERE
    cached = places.cache / artifact.cached
    try:
        done = _COPIED if cached.exists() else _fetch(artifact, cached, places)
        tree.copy(cached, places.directory / artifact.place, places.directory)
    except OSError as error:
        raise _unwritable(artifact, error) from error
    return done


def _bring_beside(artifact: Artifact, places: Places) -> bool:
    """Copy a file, or a playbook and what belongs to it; where it is gone, the copy from an earlier run stands."""
    try:
        changed = _changed_beside(artifact, places)
        for copied, path in changed.items():
            tree.copy(path, copied, places.directory)
    except OSError as error:
        raise _unwritable(artifact, error) from error
    return bool(changed)


def _changed_beside(artifact: Artifact, places: Places) -> dict[Path, Path]:
    """Return what has to be copied: the files of the user, by where they go."""
    place, source = places.directory / artifact.place, Path(artifact.source)
    if source.is_dir():
        raise PaasError(f"{artifact} that {artifact.needed} needs is a directory", hint=NAME_FILES)
    if source.exists():
        around = beside.files_of(source) if artifact.kind == BESIDE else {place.name: source}
        files = {place.parent / name: path for name, path in around.items()}
        return {to: path for to, path in files.items() if not to.is_file() or to.read_bytes() != path.read_bytes()}
    if place.exists():
        return {}
    hint = "Put it there, or correct the path."
    raise PaasError(f"{artifact} that {artifact.needed} needs is not there", hint=hint)


def _is_pinned(artifact: Artifact, places: Places, known: dict[str, Pin]) -> bool:
    if artifact.is_local:
        return not _changed_beside(artifact, places)
    pin = known.get(artifact.place)
    return (places.directory / artifact.place).exists() and pin is not None and pin.cached == artifact.cached


def _check_pin(artifact: Artifact, places: Places, pin: Pin) -> None:
    place = places.directory / artifact.place
    if tree.digest(place) != pin.sha256:
        raise PaasError(
            f"{artifact} that {artifact.needed} needs is not what {places.directory / pins.FILE} says: it was changed",
            file=str(place),
            hint=f"Remove {place}: it is then taken anew.",
        )


def _is_installed(artifact: Artifact, places: Places, find_collection: FindCollection) -> bool:
    """Say whether Ansible has the collection from elsewhere, in the version that is asked for."""
    path = find_collection(artifact.name)
    if path is None or path.resolve() == (places.directory / artifact.place).resolve():
        return False
    return artifact.version is None or artifact.version == version_of(path)


def version_of(collection: Path) -> str | None:
    """Return the version of an installed collection; None where it does not say."""
    import json

    try:
        return str(json.loads((collection / "MANIFEST.json").read_bytes())["collection_info"]["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fetch(artifact: Artifact, cached: Path, places: Places) -> str:
    """Fetch an artifact into the cache and return _FETCHED; PaasError says why not, and where to put it."""
    try:
        with tree.draft(places.cache) as made:
            if artifact.kind in (PLAYBOOK, FILE):
                got = made / "playbook"
                got.write_bytes(read_url(artifact.source, limit=MAX_PLAYBOOK))
            else:
                got = galaxy.install(artifact, made)
            tree.put(got, cached, places.cache)
        return _FETCHED
    except PaasError as error:
        reason = " ".join(problem.message for problem in error.problems)
        what = "file" if artifact.kind in (PLAYBOOK, FILE) else "directory"
        raise PaasError(
            f"{artifact} that {artifact.needed} needs cannot be had: {reason}",
            hint=f"Or put the {what} at {cached} and run this again.",
        ) from error


def _needs_of(artifact: Artifact, places: Places) -> Iterator[Artifact]:
    place = places.directory / artifact.place
    if artifact.kind in (ROLE, COLLECTION) and place.is_dir():
        yield from dependencies_of(artifact, place)


def _unwritable(artifact: Artifact, error: OSError) -> PaasError:
    reason = f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
    return PaasError(f"{artifact} that {artifact.needed} needs cannot be kept: {reason}")
