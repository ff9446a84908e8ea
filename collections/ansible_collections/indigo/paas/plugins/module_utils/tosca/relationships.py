# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relationships as written: what each requirement makes, from a type, a relationship template, or its own words."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca import dialect
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import key_place, value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.drafts import DraftRelationship
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.sections import read_sections, unknown_keys
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import mapping
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import RequirementDef, Type
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import Vocabulary

_KEYS = frozenset(("type", "description", "metadata", "properties", "attributes", "interfaces"))
_ROOT = "tosca.relationships.Root"
# The type of a relationship that nothing gives one.
_ANY = Type(_ROOT, (_ROOT,))


class RelationshipMaker:
    """Makes the relationships of all requirements; `made` holds them by name."""

    def __init__(
        self, templates: Mapping[str, Any], nodes: Collection[str], vocabulary: Vocabulary, report: Report
    ) -> None:
        """Take the relationship templates, and the names of the node templates: no relationship is called so."""
        self._templates = templates
        self._nodes = nodes
        self._vocabulary = vocabulary
        self._report = report
        self.made: dict[str, DraftRelationship] = {}
        self._numbers: dict[str, itertools.count[int]] = {}

    def make(
        self,
        ends: tuple[str, str],
        requirement: str,
        fields: Mapping[str, Any],
        definition: RequirementDef | None,
        at: Location,
    ) -> tuple[DraftRelationship, Type | None]:
        """Return the relationship between two nodes, and its type where one is known.

        `fields` is the requirement as written. Of a relationship template that several requirements name, each has a
        relationship of its own, the first is called by the template's name.
        """
        written = fields.get("relationship")
        template = written if isinstance(written, str) and written in self._templates else None
        body: Mapping[str, Any] = {}
        if template is not None:
            body = mapping(self._templates[template], f"the relationship '{template}'", at, self._report)
            written = body.get("type")
        elif isinstance(written, Mapping):
            body = written
            written = body.get("type")
        if written is None and definition is not None:
            written = definition.relationship
        place_of_type = value_place(body, "type", at) if body else value_place(fields, "relationship", at)
        found = self._type(written, place_of_type)
        name = self._name(template, f"{ends[0]}.{requirement}")
        draft = DraftRelationship(name, body, found or _ANY, at, source=ends[0], target=ends[1])
        draft.requirement, draft.template = requirement, template
        draft.broken = found is None and written is not None
        return self._registered(draft, f"the relationship of '{requirement}' of '{ends[0]}'"), found

    def make_unused(self) -> None:
        """Make the relationship templates that no requirement names: functions may name them all the same."""
        for name, written in self._templates.items():
            if name not in self.made and name not in self._nodes:
                at = key_place(self._templates, name)
                body = mapping(written, f"the relationship '{name}'", at, self._report)
                found = self._type(body.get("type"), value_place(body, "type", at))
                broken = found is None and body.get("type") is not None
                draft = DraftRelationship(name, body, found or _ANY, at, broken=broken)
                self._registered(draft, draft.called)

    def _type(self, written: Any, at: Location) -> Type | None:
        if written is None:
            return None
        return dialect.find_type(self._vocabulary, "relationship_types", written, at, self._report)

    def _name(self, template: str | None, other: str) -> str:
        names = [template] if template is not None else []
        numbers = self._numbers.setdefault(other, itertools.count(2))
        wishes = itertools.chain(names, [other], (f"{other} {number}" for number in numbers))
        return next(wish for wish in wishes if wish not in self.made and wish not in self._nodes)

    def _registered(self, draft: DraftRelationship, called: str) -> DraftRelationship:
        unknown_keys(draft.body, _KEYS, called, self._report)
        read_sections(draft, self._report)
        self.made[draft.name] = draft
        return draft
