# SPDX-License-Identifier: Apache-2.0
"""The groups of tests as tests/groups.yaml declares them."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

FILE = "tests/groups.yaml"
PER = "per"


class GroupsError(ValueError):
    """tests/groups.yaml declares something that cannot be."""


@dataclass(frozen=True)
class Group:
    """Tests that are proved together.

    tests     beginnings of the ids of its tests; a test belongs to the group with the longest one that fits
    depends   files and folders, by their paths from the root; "!" before one leaves it out, and the last that fits
              decides. None for a group that always runs
    installs  versions that count: of Python's packages under "python", of Debian's under the name of a suite
    """

    name: str
    tests: tuple[str, ...]
    depends: tuple[str, ...] | None = None
    installs: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    @property
    def files(self) -> tuple[str, ...]:
        """The files and folders that its tests are in."""
        return tuple(dict.fromkeys(test.partition("::")[0] for test in self.tests))


class Groups:
    """All groups; of two with one name the later one holds."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._groups = {group.name: group for group in groups}
        self._beginnings = sorted(((test, group.name) for group in self for test in group.tests), reverse=True)
        if len({test for test, _name in self._beginnings}) < len(self._beginnings):
            raise GroupsError(f"{FILE}: two groups have the same tests")

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups.values())

    def __getitem__(self, name: str) -> Group:
        if name not in self._groups:
            raise GroupsError(f"there is no group {name} in {FILE}; there are: {', '.join(self._groups)}")
        return self._groups[name]

    def name_of(self, nodeid: str) -> str | None:
        """Return the name of the group that the test with this id, or the file of this path, belongs to."""
        # The greatest beginning that fits is the longest one, for each is the beginning of the next.
        return next((name for test, name in self._beginnings if _begins(nodeid, test)), None)


def _begins(nodeid: str, test: str) -> bool:
    return nodeid == test or (nodeid.startswith(test) and nodeid[len(test)] in "/:[")


def read(root: pathlib.Path) -> Groups:
    """Return the groups of the checkout ROOT; GroupsError where the file is wrong."""
    try:
        document = yaml.safe_load((root / FILE).read_bytes())
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise GroupsError(f"{FILE}: {line}this is no YAML: {error.problem}") from error
    if not isinstance(document, dict) or document.keys() != {"sets", "groups"}:
        raise GroupsError(f"{FILE}: there must be `sets` and `groups`, and nothing else")
    sets = document["sets"]
    return Groups(group for name, body in document["groups"].items() for group in _groups(root, name, body, sets))


def _groups(root: pathlib.Path, name: str, body: dict[str, Any], sets: Mapping[str, list[str]]) -> Iterator[Group]:
    if not isinstance(body, dict) or "tests" not in body:
        raise GroupsError(f"{FILE}: group {name}: there must be `tests`")
    unknown = body.keys() - {"tests", "depends", "installs", PER}
    if unknown:
        raise GroupsError(f"{FILE}: group {name}: unknown {', '.join(sorted(unknown))}")
    if PER not in body:
        yield _group(name, body, sets)
        return
    before, star, after = body[PER].partition("*")
    if not star:
        raise GroupsError(f"{FILE}: group {name}: there is no * in '{body[PER]}'")
    for path in sorted(root.glob(body[PER])):
        yield _group(*_for_each(name, body, path.relative_to(root).as_posix()[len(before) : -len(after)]), sets)


def _for_each(name: str, body: dict[str, Any], each: str) -> tuple[str, dict[str, Any]]:
    """Return the name and body of a group for the one of its paths that has this text in place of the star."""

    def named(texts: list[str]) -> list[str]:
        return [text.replace("{name}", each) for text in texts]

    return name.replace("{name}", each), {
        "tests": named(body["tests"]),
        "depends": named(body["depends"]),
        "installs": body.get("installs", {}),
    }


def _group(name: str, body: dict[str, Any], sets: Mapping[str, list[str]]) -> Group:
    installs = {kind: tuple(names) for kind, names in body.get("installs", {}).items()}
    depends = tuple(_expanded(body["depends"], sets)) if "depends" in body else None
    return Group(name, tuple(body["tests"]), depends, installs)


def _expanded(names: list[str], sets: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the paths of a list in which a name without a slash may stand for a set of others."""
    for name in names:
        if name in sets:
            yield from _expanded(sets[name], sets)
        else:
            yield name
