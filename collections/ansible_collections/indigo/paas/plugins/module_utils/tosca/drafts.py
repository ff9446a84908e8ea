# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates of nodes and relationships as written, with their types: what the values of a template are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Schema, Type


@dataclass(frozen=True)
class Scope:
    """Where a function is written: on which node, and between which two in which relationship.

    In a relationship, SELF is the relationship, and `node` its source.
    """

    node: str | None = None
    source: str | None = None
    target: str | None = None
    relationship: str | None = None

    def entity(self, keyword: str) -> str | None:
        """Return what SELF, HOST, SOURCE or TARGET stands for here, None when it has no meaning here."""
        meanings = {
            "SELF": self.node if self.relationship is None else self.relationship,
            "HOST": self.node,
            "SOURCE": self.source,
            "TARGET": self.target,
        }
        return meanings.get(keyword)

    def means_host(self, keyword: Any) -> bool:
        """Say whether a word stands for what the node here runs on."""
        return keyword == "HOST" and self.node is not None


@dataclass
class Draft:
    """A node template whose values are not evaluated yet."""

    name: str
    body: Mapping[str, Any]
    type: Type
    at: Location
    requirements: list[DraftRequirement] = field(default_factory=list)
    sections: dict[str | None, Mapping[str, Any]] = field(default_factory=dict)
    assigned: dict[str | None, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """Return how messages call it."""
        return f"'{self.name}'"

    @property
    def is_written(self) -> bool:
        """Say whether the template writes it itself, so that it must give what its type requires."""
        return True

    def scope(self) -> Scope:
        """Return what the keywords mean in its values."""
        return Scope(node=self.name)

    @property
    def capabilities(self) -> list[str]:
        """Return the capabilities of the type, then those that only the template has."""
        return [
            *self.type.capabilities,
            *(name for name in self.sections if name and name not in self.type.capabilities),
        ]

    def known(self, capability: str | None) -> Mapping[str, Schema]:
        """Return the properties that the type has, or one of its capabilities."""
        if capability is None:
            return self.type.properties
        found = self.type.capabilities.get(capability)
        return found.properties if found is not None else {}

    def known_attributes(self, capability: str | None) -> Mapping[str, Schema]:
        """Return the attributes that the type has, or one of its capabilities."""
        if capability is None:
            return self.type.attributes
        found = self.type.capabilities.get(capability)
        return found.attributes if found is not None else {}

    def artifacts(self) -> dict[str, Any]:
        """Return the artifacts of the type and of the node template, as written."""
        written = self.body.get("artifacts")
        return {**self.type.artifacts, **(written if isinstance(written, Mapping) else {})}

    @property
    def host(self) -> str | None:
        """Return the name of the node that this one runs on."""
        return next((requirement.node for requirement in self.hosts), None)

    @property
    def hosts(self) -> list[DraftRequirement]:
        """Return the requirements that say where this node runs: those named host, else all HostedOn."""
        hosting = [requirement for requirement in self.requirements if requirement.hosting]
        return [requirement for requirement in hosting if requirement.name == "host"] or hosting

    @property
    def required(self) -> frozenset[str]:
        """Return the names of the requirements that the template gives, even of those that are wrong."""
        written = self.body.get("requirements")
        entries = written if isinstance(written, list) else [written]
        return frozenset(name for entry in entries if isinstance(entry, Mapping) for name in entry)

    def given(self, capability: str | None) -> Mapping[str, Any]:
        """Return the properties that the template gives the node, or one of its capabilities."""
        return self.sections.get(capability) or {}

    def given_attributes(self, capability: str | None) -> Mapping[str, Any]:
        """Return the attributes to which the template gives a value, of the node or of one of its capabilities."""
        return self.assigned.get(capability) or {}

    def gives_attribute(self, capability: str | None, name: str) -> bool:
        """Say whether an attribute has a value from the beginning: by the template, or by its default."""
        schema = self.known_attributes(capability).get(name)
        given = self.given_attributes(capability).get(name)
        return given is not None or (schema is not None and schema.default is not None)


@dataclass
class DraftRelationship(Draft):
    """What a requirement makes, or a relationship template that none makes use of: then it has no ends.

    It is called by the name of its template, else by its source and requirement. `broken` says that its type is
    unknown, which has been reported.
    """

    source: str | None = None
    target: str | None = None
    requirement: str | None = None
    template: str | None = None
    broken: bool = False

    @property
    def called(self) -> str:
        """Return how messages call it."""
        if self.source is None:
            return f"the relationship template '{self.name}'"
        return f"the requirement '{self.requirement}' of '{self.source}'"

    @property
    def is_written(self) -> bool:
        """Say whether there is more of it in the template than a type."""
        return bool(self.body)

    def scope(self) -> Scope:
        """Return what the keywords mean in its values and operations."""
        return Scope(node=self.source, source=self.source, target=self.target, relationship=self.name)


@dataclass
class DraftRequirement:
    """A requirement with its target. `relationship` is what it makes, `kind` its type where that is known."""

    name: str
    node: str
    relationship: DraftRelationship
    kind: Type | None
    capability: str | None
    hosting: bool
    at: Location


@dataclass(frozen=True)
class Templates:
    """The node templates and relationships by name, in the order of the template.

    `written` are all node templates, even those that cannot be read. `incomplete` says that types may be missing, so
    that a node may have more than it seems.
    """

    nodes: Mapping[str, Draft]
    relationships: Mapping[str, DraftRelationship]
    written: Mapping[str, Any]
    incomplete: bool = False
