# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan needs from elsewhere before its services can be set up: playbooks, roles, collections."""

from __future__ import annotations

import os
import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import layout
from ansible_collections.indigo.paas.plugins.module_utils.download import bare, is_url
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError, Problem

PLAYBOOK = "playbook"
BESIDE = "playbook beside the template"
FILE = "file"
ROLE = "role"
COLLECTION = "collection"

_ROLE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_][A-Za-z0-9_-]*){0,2}\Z")
_COLLECTION_NAME = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*\Z", re.IGNORECASE)
_VERSION = re.compile(r"([<>=!]{1,2})?[A-Za-z0-9_][A-Za-z0-9_.+/@-]*\Z")
_URL = re.compile(r"(https?|ssh|git|file)://[!-~]+\Z", re.IGNORECASE)
_ARCHIVES = (".tar.gz", ".tgz", ".git")
_LONGEST_NAME = 128
_LONGEST_SOURCE = 2000

# What to do about a directory where a file is needed.
NAME_FILES = "Name each of its files. A playbook finds the directories beside it without that."


@dataclass(frozen=True)
class Artifact:
    """One thing that a plan needs from elsewhere.

    kind       PLAYBOOK (by URL), BESIDE (a playbook by path), FILE (by path, or by URL), ROLE or COLLECTION
    source     URL, path, or name on Galaxy
    name       how playbooks name it; of a playbook, how the template names it
    place      where it lies in the deployment's directory, a relative path
    cached     where it lies in the cache, a relative path; empty for what is never cached
    version    as ansible-galaxy takes it
    git        whether the source is a git repository
    needed_by  names of the components that need it, or of the artifact that brings the need
    """

    kind: str
    source: str
    name: str
    place: str
    cached: str = ""
    version: str | None = None
    git: bool = False
    needed_by: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Say whether it lies beside the template on this machine."""
        return self.kind in (BESIDE, FILE) and not self.cached

    def __str__(self) -> str:
        """Return what a message calls it, without passwords."""
        shown = bare(self.source) if "://" in self.source else self.source
        if self.kind in (PLAYBOOK, BESIDE):
            return f"the playbook {shown}"
        if self.kind == FILE:
            return f"the file {shown}"
        return f"the {self.kind} {shown}{f' ({self.version})' if self.version else ''}"

    @property
    def needed(self) -> str:
        """Return who needs it, as a message says it."""
        shown = [f"'{_shown(name)}'" for name in self.needed_by[:5]]
        return ", ".join([*shown, "..."] if len(self.needed_by) > len(shown) else shown)


@dataclass(frozen=True)
class Run:
    """One external stage: what it runs, and the names of the variables that its playbook is given."""

    stage: str
    playbook: Artifact
    roles: tuple[Artifact, ...]
    collections: tuple[Artifact, ...]
    files: tuple[Artifact, ...]
    variables: tuple[str, ...]


def runs_of(plan: Mapping[str, Any]) -> list[Run]:
    """Return the external stages of a plan with what they need; PaasError with all artifacts that cannot be meant."""
    problems: list[Problem] = []
    directories: dict[str, int] = {}
    found = []
    for stage in plan["stages"]:
        if stage.get("external"):
            try:
                found.append(_run(plan, stage, directories))
            except PaasError as error:
                problems += error.problems
    if problems:
        raise PaasError(dict.fromkeys(problems))
    return found


def artifacts_of(runs: list[Run]) -> list[Artifact]:
    """Return what the runs need, each once, with all who need it; PaasError for one name that means two things."""
    return merged(artifact for run in runs for artifact in (run.playbook, *run.roles, *run.collections, *run.files))


def merged(artifacts: Iterable[Artifact]) -> list[Artifact]:
    """Return artifacts, each once, with all who need it; PaasError where two would lie in one place."""
    found: dict[str, Artifact] = {}
    problems = []
    for artifact in artifacts:
        first = found.setdefault(artifact.place, artifact)
        if artifact.cached != first.cached or (artifact.is_local and artifact.source != first.source):
            problems.append(_clash(first, artifact))
        needed_by = tuple(dict.fromkeys((*first.needed_by, *artifact.needed_by)))
        found[artifact.place] = replace(first, needed_by=needed_by)
    if problems:
        raise PaasError(problems)
    return list(found.values())


def role(file: str, needed_by: str) -> Artifact:
    """Return the role that `name`, `name,version`, `git+url` or `git+url,version` means, for one who needs it.

    After the version, or after "|" in its place, may stand the name by which playbooks call the role.
    """
    rest, _bar, given = file.strip().partition("|")
    source, version, third = _split(rest)
    source, git = _without_git(source)
    name = given or third or _last(source)
    _check(file, needed_by, ROLE, source, git, version, name)
    return Artifact(
        ROLE,
        source,
        name,
        f"roles/{layout.component(name)}",
        layout.cached("roles", source, version),
        version,
        git,
        (needed_by,),
    )


def collection(file: str, needed_by: str) -> Artifact:
    """Return the collection that `namespace.name` or `namespace.name,version` means, for one who needs it."""
    rest, _bar, given = file.strip().partition("|")
    source, version, third = _split(rest.replace(":", ",", 1) if _COLLECTION_NAME.match(rest.split(":")[0]) else rest)
    source, git = _without_git(source)
    name = given or third or _last(source)
    _check(file, needed_by, COLLECTION, source, git, version, name)
    namespace, short = name.split(".")
    return Artifact(
        COLLECTION,
        source,
        name,
        f"collections/ansible_collections/{namespace}/{short}",
        layout.cached("collections", source, version),
        version,
        git,
        (needed_by,),
    )


def _run(plan: Mapping[str, Any], stage: Mapping[str, Any], directories: dict[str, int]) -> Run:
    """Return what one external stage needs; `directories` numbers those of the files that name playbooks."""
    name = stage["components"][0]
    component = next(each for each in plan["components"] if each["name"] == name)
    operation = component["operations"][stage["operation"]]
    external = operation["external"]
    try:
        return Run(
            stage["name"],
            _playbook(external["playbook"], external["defined_in"] or "", name, directories),
            tuple(role(file, name) for file in external["galaxy_roles"]),
            tuple(collection(file, name) for file in external["collections"]),
            tuple(_files(external.get("files", ()), name, directories)),
            tuple(operation["arguments"]),
        )
    except PaasError as error:
        raise PaasError([each if each.file else placed(each, external) for each in error.problems]) from None


def _playbook(playbook: str, defined_in: str, needed_by: str, directories: dict[str, int]) -> Artifact:
    source = playbook
    if not is_url(source) and is_url(defined_in):
        source = urllib.parse.urljoin(defined_in, source)
    if is_url(source):
        _check_source(source, playbook, needed_by, PLAYBOOK)
        place = layout.playbook_of_url(source)
        return Artifact(PLAYBOOK, source, playbook, place, place, needed_by=(needed_by,))
    directory = "/" if os.path.isabs(playbook) else os.path.dirname(os.path.abspath(defined_in))
    path = os.path.normpath(os.path.join(directory, playbook))
    if "\0" in playbook:
        raise _refused(playbook, needed_by, PLAYBOOK, "it is no path")
    number = directories.setdefault(directory, len(directories))
    return Artifact(BESIDE, path, playbook, layout.playbook_beside(playbook, number), needed_by=(needed_by,))


def _files(files: Iterable[Mapping[str, Any]], needed_by: str, directories: dict[str, int]) -> Iterator[Artifact]:
    """Yield the files that are to be brought; those that nothing names are left out where they are not there."""
    for each in files:
        file, defined_in = each["file"], each["defined_in"] or ""
        if not is_inside(file):
            if each["required"]:
                raise _refused_file(each, needed_by, "it leaves the directory of the file that names it")
        elif is_url(defined_in):
            if each["required"]:
                source = urllib.parse.urljoin(defined_in, file)
                _check_source(source, file, needed_by, FILE)
                place = layout.playbook_of_url(source)
                yield Artifact(FILE, source, os.path.normpath(file), place, place, needed_by=(needed_by,))
        else:
            directory = os.path.dirname(os.path.abspath(defined_in))
            source = os.path.join(directory, os.path.normpath(file))
            is_there = os.path.isfile(source)
            if is_there and not _stays_in(source, directory):
                raise _refused_file(each, needed_by, "it is a link that leaves the directory of the template")
            if is_there or each["required"]:
                number = directories.setdefault(directory, len(directories))
                place = layout.playbook_beside(file, number)
                yield Artifact(FILE, source, os.path.normpath(file), place, needed_by=(needed_by,))


def is_inside(file: str) -> bool:
    """Say whether the path FILE stays below the directory that it is relative to."""
    return not (os.path.isabs(file) or "\0" in file or ".." in file.split("/") or os.path.normpath(file) == ".")


def _stays_in(path: str, directory: str) -> bool:
    return os.path.realpath(path).startswith(os.path.realpath(directory) + os.sep)


def _split(text: str) -> tuple[str, str | None, str | None]:
    source, _comma, rest = text.partition(",")
    version, _comma, name = rest.partition(",")
    return source.strip(), version.strip() or None, name.strip() or None


def _without_git(source: str) -> tuple[str, bool]:
    return (source[4:], True) if source.lower().startswith("git+") else (source, source.lower().endswith(".git"))


def _last(source: str) -> str:
    """Return the name that ansible-galaxy gives to a role of a source."""
    if "://" not in source:
        return source
    name = source.partition("?")[0].rstrip("/").rpartition("/")[2]
    for ending in _ARCHIVES:
        name = name.removesuffix(ending)
    return name


def _check(file: str, needed_by: str, kind: str, source: str, git: bool, version: str | None, name: str) -> None:
    """Refuse what ansible-galaxy would take for something else than an artifact, such as an option."""
    pattern = _ROLE_NAME if kind == ROLE else _COLLECTION_NAME
    if "://" in source:
        _check_source(source, file, needed_by, kind)
        if source.lower().startswith(("file:", "ssh:", "git:")) and not git:
            raise _refused(file, needed_by, kind, "only a git repository is fetched by such a URL")
    elif git or not pattern.match(source) or len(source) > _LONGEST_NAME:
        raise _refused(file, needed_by, kind, f"its name is no name of a {kind}")
    if not pattern.match(name) or len(name) > _LONGEST_NAME:
        raise _refused(file, needed_by, kind, f"playbooks cannot call a {kind} '{_shown(name)}'")
    if version is not None and (not _VERSION.match(version) or ".." in version or len(version) > _LONGEST_NAME):
        raise _refused(file, needed_by, kind, f"'{_shown(version)}' is no version")


def _check_source(source: str, file: str, needed_by: str, kind: str) -> None:
    if not _URL.match(source) or len(source) > _LONGEST_SOURCE:
        raise _refused(file, needed_by, kind, "its URL is none that can be fetched")
    if not source.partition("://")[2].partition("/")[0] and not source.lower().startswith("file:"):
        raise _refused(file, needed_by, kind, "its URL names no host")


def _refused_file(file: Mapping[str, Any], needed_by: str, why: str) -> PaasError:
    """Return the refusal of one of the files of an external operation, with its place."""
    return PaasError([placed(each, file) for each in _refused(file["file"], needed_by, FILE, why).problems])


def placed(problem: Problem, written: Mapping[str, Any]) -> Problem:
    """Return a problem at the place where an external operation, or one of its files, is written."""
    return replace(problem, file=written["defined_in"], line=written.get("line"), column=written.get("column"))


def _refused(file: str, needed_by: str, kind: str, why: str) -> PaasError:
    hints = {
        ROLE: "Write `name`, `name,version`, `git+https://...` or `git+https://...,version`.",
        COLLECTION: "Write `namespace.name` or `namespace.name,version`.",
        PLAYBOOK: "Write an http or https URL, or a path.",
        FILE: "Put it beside the file that names it, and write its path from there.",
    }
    shown = bare(file) if "://" in file else file
    return PaasError(f"the {kind} '{_shown(shown)}' that '{needed_by}' needs is refused: {why}", hint=hints[kind])


def _clash(one: Artifact, other: Artifact) -> Problem:
    return Problem(
        f"{one} that {one.needed} needs and {other} that {other.needed} needs have the same name '{other.name}'",
        hint="One deployment has one of each name: name the same one twice, or rename one.",
    )


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:100]
