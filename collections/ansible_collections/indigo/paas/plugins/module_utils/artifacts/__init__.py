# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks from elsewhere, made ready to run: fetched, pinned in the deployment's directory, made into roles."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import (
    archives,
    beside,
    convert,
    layout,
    needs,
    tree,
)
from ansible_collections.indigo.paas.plugins.module_utils.artifacts.fetch import (
    FindCollection,
    Places,
    forget,
    missing,
    provide,
)
from ansible_collections.indigo.paas.plugins.module_utils.artifacts.needs import BESIDE, COLLECTION, ROLE, Artifact, Run
from ansible_collections.indigo.paas.plugins.module_utils.download import bare
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError

STAGES = "stages"

# What the Infrastructure Manager tells playbooks beside the addresses of the nodes, which are variables of the hosts.
_EXTRA = {"IM_INFRASTRUCTURE_ID": "{{ hostvars['localhost'].paas_name }}"}


@dataclass(frozen=True)
class Finders:
    """How Ansible finds what is installed already.

    collection  of a full name: its directory, None when there is none
    has_role    of the name of a role: whether there is one, in a collection or on the roles' path
    """

    collection: FindCollection
    has_role: Callable[[str], bool]


def prepare(
    plan: Mapping[str, Any], directory: Path, cache: Path, finders: Finders, check_mode: bool = False
) -> dict[str, Any]:
    """Make all external stages of a plan ready to run; nothing is changed in check mode.

    Returns {"changed", "fetched": [place], "stages": {stage: {"roles": [directory]}}}; in check mode
    "stages" is empty while anything is missing. PaasError with all that cannot be had or cannot be run.
    """
    places = Places(directory.absolute(), cache.absolute())
    with archives.unpacked(plan, None if check_mode else places.directory) as plan:
        return _prepare(plan, places, finders, check_mode)


def _prepare(plan: Mapping[str, Any], places: Places, finders: Finders, check_mode: bool) -> dict[str, Any]:
    runs = needs.runs_of(plan)
    wanted = needs.artifacts_of(runs)
    if check_mode and (lacking := missing(wanted, places)):
        return {"changed": True, "fetched": [artifact.place for artifact in lacking], "stages": {}}
    found = provide(wanted, places, finders.collection)
    _check_collections(found.artifacts, places.directory, finders.collection)
    try:
        made = _roles(runs, found.artifacts, places.directory, finders)
    except PaasError:
        forget(found, places)
        raise
    changed = bool(found.brought)
    if not check_mode:
        changed = _write(made, places.directory) or changed
    return {"changed": changed, "fetched": found.brought, "stages": _stages(made, places.directory)}


def _check_collections(artifacts: Iterable[Artifact], directory: Path, find: FindCollection) -> None:
    """Refuse to go on while Ansible would not take the collections that are pinned."""
    wrong = []
    for artifact in artifacts:
        place = directory / artifact.place
        if artifact.kind == COLLECTION and place.is_dir():
            found = find(artifact.name)
            if found is None or found.resolve() != place.resolve():
                wrong.append(artifact.name)
    if wrong:
        path = directory / "collections"
        raise PaasError(
            f"Ansible does not take {', '.join(sorted(wrong))} from {path}",
            hint=f"Run this again with {path} first in ANSIBLE_COLLECTIONS_PATH.",
        )


def _roles(
    runs: Iterable[Run], artifacts: Iterable[Artifact], directory: Path, finders: Finders
) -> dict[str, list[dict[str, bytes]]]:
    """Return for each stage the files of the roles that its playbook becomes."""
    pinned = {each.name: str(directory / each.place) for each in artifacts if each.kind == ROLE}
    made, problems = {}, []
    for run in runs:
        try:
            made[run.stage] = _roles_of(run, pinned, directory, finders)
        except PaasError as error:
            problems += error.problems
    if problems:
        raise PaasError(problems)
    return made


def _roles_of(run: Run, pinned: Mapping[str, str], directory: Path, finders: Finders) -> list[dict[str, bytes]]:
    playbook = directory / run.playbook.place
    around = _around(playbook) if run.playbook.kind == BESIDE else {}
    top = _role_directory(directory, run.stage, 0)
    roles = {**_beside(around, top), **pinned}

    def find_role(name: str) -> str | None:
        return roles.get(name) or roles.get(name.removeprefix("roles/")) or (name if finders.has_role(name) else None)

    given = convert.Surroundings(roles, find_role, run.variables, str(top), _EXTRA)
    shown = run.playbook.source if run.playbook.kind == BESIDE else bare(run.playbook.source)
    plays = convert.roles_of(playbook.read_bytes(), shown, given)
    source = Path(shown).parent
    for name, data in around.items():
        if name.startswith(("templates/", "vars/")):
            around[name] = convert.redirected(data, given)
        elif name.endswith((".yml", ".yaml")) and (name.startswith("tasks/") or "/" not in name):
            around[name] = convert.tasks_of(data, str(source / name), given)
    brought = {each.name: (directory / each.place).read_bytes() for each in run.files}
    return [_with_files({**around, **play}, brought, shown) for play in plays]


def _with_files(role: dict[str, bytes], brought: Mapping[str, bytes], playbook: str) -> dict[str, bytes]:
    """Return the files of a role with the artifacts by their paths: there Ansible looks for them."""
    for name, data in brought.items():
        if role.get(name, data) != data:
            hint = "Rename one of them, or put the playbook beside the file that names it."
            raise PaasError(f"the artifact '{name}' and a file of the playbook have one path", file=playbook, hint=hint)
    return {**role, **brought}


def _around(playbook: Path) -> dict[str, bytes]:
    """Return the files that belong to a playbook, without itself, by relative path."""
    return {name: path.read_bytes() for name, path in beside.files_of(playbook).items() if path != playbook}


def _beside(around: Iterable[str], top: Path) -> dict[str, str]:
    names = {name.split("/")[1] for name in around if name.startswith("roles/") and name.count("/") > 1}
    return {name: str(top / "roles" / name) for name in sorted(names)}


def _role_directory(directory: Path, stage: str, number: int) -> Path:
    return directory / STAGES / f"{layout.component(stage)}-{number + 1}"


def _write(made: Mapping[str, list[dict[str, bytes]]], directory: Path) -> bool:
    """Write the roles of all stages and remove those of former ones; say whether that changed anything."""
    wanted = {
        _role_directory(directory, stage, number): files
        for stage, roles in made.items()
        for number, files in enumerate(roles)
    }
    try:
        written = [tree.write(place, files, directory) for place, files in wanted.items()]
        former = [place for place in (directory / STAGES).glob("*") if place not in wanted]
        for place in former:
            shutil.rmtree(place)
    except OSError as error:
        raise PaasError(f"{error.filename or directory} cannot be written: {error.strerror or error}") from error
    return any(written) or bool(former)


def _stages(made: Mapping[str, list[dict[str, bytes]]], directory: Path) -> dict[str, Any]:
    return {
        stage: {"roles": [str(_role_directory(directory, stage, number)) for number in range(len(roles))]}
        for stage, roles in made.items()
    }
