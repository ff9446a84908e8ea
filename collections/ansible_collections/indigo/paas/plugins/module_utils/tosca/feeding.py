# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which property of a role's own types feeds which of its arguments: what holds for the one holds for the other."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import read
from ansible_collections.indigo.paas.plugins.module_utils.tosca.external import is_role
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import NOWHERE, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.roles import Role, RoleError, find_role
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Schema, Type
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import ShippedVocabulary, default_vocabulary


def fed_by(implementation: str, argument: Any, value: Any, node_type: Type | None) -> Schema | None:
    """Return what an argument of a role may hold because a property feeds it; None when nothing says so.

    `value` is what the argument is given; the property itself has been checked before. Where several types of the role
    feed the argument, that counts from which `node_type` is derived, else the first.
    """
    if not is_role(implementation):
        return None
    try:
        role = find_role(implementation)
    except RoleError:
        return None
    ancestors = node_type.ancestors if node_type is not None else ()
    found = [
        (type_.name not in ancestors, index, type_.properties[name])
        for index, (type_, fed, name) in enumerate(_feeds(role))
        if fed == argument and value != _call(name)
    ]
    schema = min(found, key=lambda each: each[:2], default=None)
    return replace(schema[2], required=False, default=None) if schema is not None else None


def _call(name: str) -> dict[str, list[str]]:
    return {"get_property": ["SELF", name]}


def _feeds(role: Role) -> tuple[tuple[Type, str, str], ...]:
    try:
        state = role.types.stat()
    except OSError:
        return ()
    return _read(role.name, role.types, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=200)
def _read(role: str, file: Path, _changed: int, _size: int) -> tuple[tuple[Type, str, str], ...]:
    """Return (type, argument, property) for all that the types of a file feed to a role."""
    report = Report()
    vocabulary = ShippedVocabulary(default_vocabulary())
    try:
        vocabulary.add(read(file), report)
    except TemplateError:
        return ()
    types = (vocabulary.find("node_types", name, NOWHERE, report) for name in vocabulary.own_names("node_types"))
    return tuple(feed for type_ in types if type_ is not None for feed in _of_type(type_, role))


def _of_type(type_: Type, role: str) -> Iterator[tuple[Type, str, str]]:
    for operation in type_.operations.values():
        for argument, value in operation.inputs.items() if operation.implementation == role else ():
            names = [name for name in type_.properties if value == _call(name)]
            yield from ((type_, argument, name) for name in names)
