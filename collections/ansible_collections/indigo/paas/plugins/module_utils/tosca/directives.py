# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives: what a node template leaves to the orchestrator (TOSCA 1.3, 3.4.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca import dialect
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import key_place, value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.interfaces import interface_bodies
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import (
    APPLICATION,
    COMPUTE,
    NETWORK,
    PORT,
    STORAGE,
    Type,
)

_SELECT = ("select", "selectable")
_SUBSTITUTE = ("substitute", "substitutable")
# What is made although no operation of its own says how.
_MADE = (COMPUTE, NETWORK, PORT, STORAGE, APPLICATION)


def check_directives(name: str, body: Mapping[str, Any], node_type: Type, report: Report) -> None:
    """Report what the directives of a node template ask for and cannot have: all nodes are made, as they are written.

    A substitute is needed only where nothing here can make the node itself.
    """
    given = list(_named_directives(name, body, report))
    for word, at in given:
        if word in _SELECT:
            message = f"'{name}' asks for a node that exists already ('{word}'), and every node is made here"
            report.add("directive", message, at, "Remove the directive to have it made.")
        elif word not in _SUBSTITUTE:
            message = f"'{word}' of '{name}' is no directive"
            dialect.unknown("unknown-directive", word, (*_SELECT, *_SUBSTITUTE), (), message, at, report)
        elif _can_be_made(body, node_type):
            message = f"'{word}' of '{name}' has no effect here: the node is made as it is written"
            report.add("not-supported", message, at, "Remove the directive.")
        else:
            message = f"'{name}' asks for another template in its place ('{word}'), which is not done here"
            report.add("directive", message, at, "Write the node templates of that template instead.")
    if "node_filter" in body and not any(word in _SELECT for word, _at in given):
        message = f"'node_filter' of the node template '{name}' has no effect here"
        report.add("not-supported", message, key_place(body, "node_filter"), "Every node template is made.")


def _named_directives(name: str, body: Mapping[str, Any], report: Report) -> Iterator[tuple[str, Location]]:
    written = body.get("directives")
    at = value_place(body, "directives")
    if isinstance(written, str):
        yield written, at
    elif isinstance(written, list) and all(isinstance(word, str) for word in written):
        yield from ((word, value_place(written, index)) for index, word in enumerate(written))
    elif written is not None:
        report.add("shape", f"the directives of '{name}' must be a list of names", at, "Write `[ substitute ]`.")


def _can_be_made(body: Mapping[str, Any], node_type: Type) -> bool:
    return (
        any(node_type.is_a(made) for made in _MADE)
        or any(operation.implementation is not None for operation in node_type.operations.values())
        or _implements(written for _name, written, _at in interface_bodies(body))
    )


def _implements(interfaces: Iterable[Mapping[str, Any]]) -> bool:
    return any(isinstance(operation, (str, Mapping)) for written in interfaces for operation in written.values())
