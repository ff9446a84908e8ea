# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role says of itself: its arguments in meta/argument_specs.yml, and in meta/paas.yml what concerns templates.

`operator_arguments` in meta/paas.yml are the arguments that no template may give, `outputs` the facts that the role
sets and templates may read. `one_per_machine: true` says that all components of the role on one machine are one run,
with one set of arguments.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import read
from ansible_collections.indigo.paas.plugins.module_utils.tosca.reserved import is_reserved, is_variable
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import COLLECTION

_OWN = "indigo.paas"
_ELSEWHERE = ("~/.ansible/collections", "/usr/share/ansible/collections")
_SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True)
class Role:
    """A role of a collection.

    `arguments` are the options of its entry point main by name, as argument_specs has them; `operator` are those that
    no template may give, `outputs` the facts that one may read. `one_per_machine` says that the components of the role
    on one machine are set up by one run. `types` is the file with the TOSCA types that the role implements; it need not
    be there.
    """

    name: str
    types: Path
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    operator: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    one_per_machine: bool = False


class RoleError(ValueError):
    """A role is not there, or does not say what it takes; `hint` is the remedy."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def find_role(name: str) -> Role:
    """Return a role by its full name: namespace.collection.role; RoleError where no template can use it."""
    namespace, collection, short = name.split(".", 2)
    known: list[str] = []
    for directory in _collections(namespace, collection):
        place = directory / "roles" / short
        if place.is_dir():
            return _read(name, place)
        known += sorted(each.name for each in (directory / "roles").glob("*") if each.is_dir())
    if known:
        raise RoleError(f"the collection {namespace}.{collection} has no role '{short}'", did_you_mean(short, known))
    install = f"ansible-galaxy collection install {namespace}.{collection}"
    hint = f"Install its collection: {install}. Or set ANSIBLE_COLLECTIONS_PATH, if it lies in a folder of yours."
    raise RoleError(f"the role '{name}' is not installed", hint)


def _collections(namespace: str, collection: str) -> Iterator[Path]:
    """Yield where a collection lies: as Ansible or Python finds it, then on the paths of its settings."""
    if f"{namespace}.{collection}" == _OWN:
        yield COLLECTION
        return
    try:
        spec = importlib.util.find_spec(f"ansible_collections.{namespace}.{collection}")
    except (ImportError, ValueError):
        spec = None
    found = [Path(place) for place in (spec.submodule_search_locations or () if spec is not None else ())]
    roots = [*filter(None, os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep)), *_ELSEWHERE]
    for root in (Path(each).expanduser() for each in roots):
        found += [root / "ansible_collections" / namespace / collection, root / namespace / collection]
    yield from (place for place in found if (place / "roles").is_dir())


def _read(name: str, place: Path) -> Role:
    specs = _file(place, "argument_specs") or _file(place, "main")
    options = _main_of(specs)
    if options is None:
        hint = "Say in its meta/argument_specs.yml which arguments its entry point main takes."
        raise RoleError(f"the role '{name}' does not say which arguments it takes", hint)
    said = _file(place, "paas") or {}
    return Role(
        name,
        place / "meta" / "tosca.yml",
        options,
        _operator(options, said),
        frozenset(each for each in said.get("outputs") or () if _is_output(each) and each not in options),
        said.get("one_per_machine") is True,
    )


def _main_of(specs: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]] | None:
    entry_points = (specs or {}).get("argument_specs")
    main = entry_points.get("main") if isinstance(entry_points, Mapping) else None
    if not isinstance(main, Mapping):
        return None
    options = main.get("options")
    options = options if isinstance(options, Mapping) else {}
    return {name: option if isinstance(option, Mapping) else {} for name, option in options.items()}


def _operator(options: Mapping[str, Mapping[str, Any]], said: Mapping[str, Any]) -> frozenset[str]:
    """Return the arguments that no template may give; where a role does not say, all paths: they may be the host's."""
    if "operator_arguments" in said:
        return frozenset(map(str, said["operator_arguments"] or ()))
    return frozenset(name for name, option in options.items() if _holds_path(option))


def _holds_path(option: Mapping[str, Any]) -> bool:
    inner = option.get("options")
    below = inner.values() if isinstance(inner, Mapping) else ()
    return "path" in (option.get("type"), option.get("elements")) or any(
        _holds_path(each) for each in below if isinstance(each, Mapping)
    )


def _is_output(name: Any) -> bool:
    return is_variable(name) and not is_reserved(name)


def _file(place: Path, name: str) -> Mapping[str, Any] | None:
    """Return a file of a role's meta directory, None when there is none that can be read."""
    for suffix in _SUFFIXES:
        path = place / "meta" / f"{name}{suffix}"
        try:
            state = path.stat()
        except OSError:
            continue
        return _parsed(path, state.st_mtime_ns, state.st_size)
    return None


@functools.lru_cache(maxsize=200)
def _parsed(path: Path, _changed: int, _size: int) -> Mapping[str, Any] | None:
    try:
        data = read(path).data
    except TemplateError:
        return None
    return data if isinstance(data, Mapping) else None
