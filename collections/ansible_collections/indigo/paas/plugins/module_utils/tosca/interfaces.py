# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces as they are written: their names, and the operations in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import key_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location

# The interfaces whose operations are run; published templates call that of a relationship by either name.
LIFECYCLE = ("Standard", "Configure")
_NO_OPERATIONS = frozenset(
    ("type", "inputs", "description", "metadata", "version", "operations", "notifications", "derived_from")
)


def interface_bodies(owner: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Location]]:
    """Yield the short name, the body and the place of each interface of a type or a node template."""
    written = owner.get("interfaces")
    for name, body in written.items() if isinstance(written, Mapping) else ():
        yield name.rpartition(".")[2], body if isinstance(body, Mapping) else {}, key_place(written, name)


def operation_sources(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each operation of an interface with the mapping that it is in: the interface, or its `operations`."""
    yield from ((name, body) for name in body if name not in _NO_OPERATIONS)
    listed = body.get("operations")
    if isinstance(listed, Mapping):
        yield from ((name, listed) for name in listed)


def operation_names(body: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the operations of an interface, or of an interface type."""
    return frozenset(name for name, _source in operation_sources(body))


def known_operations(interface: str, declared: Mapping[str, Collection[str]]) -> Collection[str] | None:
    """Return the operations that an interface may have; None for an interface that there is none of.

    `declared` are the operations of each interface of a type.
    """
    if interface in declared:
        return declared[interface]
    return sorted({name for names in declared.values() for name in names}) if interface in LIFECYCLE else None
