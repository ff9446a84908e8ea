# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a template gives an entity: its properties and attributes, and those of its capabilities."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca import dialect
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import Map, key_place, place, value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.drafts import Draft
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import mapping, section
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import PRIMITIVES, Schema

_LONG = frozenset(("value", "description"))


def unknown_keys(
    body: Mapping[str, Any],
    known: frozenset[str],
    subject: str,
    report: Report,
    shown: frozenset[str] | None = None,
) -> None:
    """Report the keys of a mapping that TOSCA does not have there; `shown` are those that a remedy may name."""
    for key in body:
        if key not in known:
            message = f"{subject} has the unknown key '{key}'"
            dialect.unknown("unknown-key", key, shown or known, body, message, key_place(body, key), report)


def read_sections(draft: Draft, report: Report, misplaced: Collection[str] = ()) -> None:
    """Fill the sections of a draft: what the template gives the entity and each of its capabilities.

    `misplaced` are capabilities that may stand beside `capabilities`.
    """
    given = section(draft.body, "properties", f"the properties of {draft.called}", report)
    draft.sections[None] = dialect.properties(given, draft.type.properties, report)
    draft.assigned[None] = _attributes(draft, None, draft.body, draft.called, report)
    for name in misplaced:
        if name in draft.body:
            message = f"'{name}' of {draft.called} is read as its capability"
            report.add("misplaced", message, key_place(draft.body, name), "Write it under `capabilities:`.")
            _read_capability(draft, name, draft.body, report)
    bodies = section(draft.body, "capabilities", f"the capabilities of {draft.called}", report)
    for name in bodies:
        if name not in draft.type.capabilities:
            message = f"{draft.called} has no capability '{name}'"
            at = key_place(bodies, name)
            dialect.unknown("unknown-capability", name, draft.type.capabilities, bodies, message, at, report)
        _read_capability(draft, name, bodies, report)


def _read_capability(draft: Draft, name: str, bodies: Mapping[str, Any], report: Report) -> None:
    what = f"the capability '{name}' of {draft.called}"
    body = mapping(bodies[name], what, value_place(bodies, name), report)
    known = draft.known(name)
    if "properties" not in body and any(key in known for key in body):
        message = f"the properties of {what} are read without `properties:`"
        report.add("misplaced", message, place(body), "Write them under `properties:`.")
        given = body
    else:
        given = section(body, "properties", f"the properties of {what}", report)
        draft.assigned[name] = _attributes(draft, name, body, what, report)
    draft.sections[name] = dialect.properties(given, known, report)


def _attributes(
    draft: Draft, capability: str | None, body: Mapping[str, Any], owner: str, report: Report
) -> Mapping[str, Any]:
    """Return the values that a template gives to attributes; every property may be meant as an attribute, too."""
    given = section(body, "attributes", f"the attributes of {owner}", report)
    known = draft.known_attributes(capability)
    for name in given:
        if name not in known and name not in draft.known(capability):
            message = f"{owner} has no attribute '{name}'"
            dialect.unknown("unknown-property", name, known, given, message, key_place(given, name), report)
    if not any(_is_long(value, known.get(name)) for name, value in given.items()):
        return given
    values = {name: value["value"] if _is_long(value, known.get(name)) else value for name, value in given.items()}
    return Map(values, given) if isinstance(given, Map) else values


def _is_long(value: Any, schema: Schema | None) -> bool:
    """Say whether an attribute's value is written in the long form (TOSCA 1.3, 3.6.13.2.2); a map is no such form."""
    holds_keys = schema is not None and (schema.type == "map" or schema.type not in PRIMITIVES)
    return isinstance(value, Mapping) and "value" in value and value.keys() <= _LONG and not holds_keys
