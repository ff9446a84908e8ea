# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Node templates as written: their types, and which node each requirement means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import did_you_mean
from .document import key_place, place, value_place
from .report import Location, Report
from .type_builder import mapping, section
from .types import HOSTED_ON, RequirementDef, Type
from .vocabulary import Vocabulary

_KEYS = frozenset(
    (
        "type",
        "description",
        "metadata",
        "directives",
        "properties",
        "attributes",
        "requirements",
        "capabilities",
        "interfaces",
        "artifacts",
        "node_filter",
    )
)
_REQUIREMENT_KEYS = frozenset(("node", "capability", "relationship", "node_filter", "occurrences"))


@dataclass
class DraftRequirement:
    """A requirement with its target; `body` is the relationship as written, for its properties."""

    name: str
    node: str
    relationship: Type | None
    capability: str | None
    hosting: bool
    body: Mapping[str, Any]
    at: Location


@dataclass
class Draft:
    """A node template whose values are not evaluated yet."""

    name: str
    body: Mapping[str, Any]
    type: Type
    at: Location
    requirements: list[DraftRequirement] = field(default_factory=list)

    @property
    def host(self) -> str | None:
        """Return the name of the node that this one runs on."""
        return next((requirement.node for requirement in self.hosts), None)

    @property
    def hosts(self) -> list[DraftRequirement]:
        """Return the requirements that say where this node runs: those named host, else all HostedOn."""
        hosting = [requirement for requirement in self.requirements if requirement.hosting]
        return [requirement for requirement in hosting if requirement.name == "host"] or hosting

    def given(self, capability: str | None, report: Report) -> Mapping[str, Any]:
        """Return the properties that the template gives the node, or one of its capabilities."""
        if capability is None:
            return section(self.body, "properties", f"the properties of '{self.name}'", report)
        bodies = section(self.body, "capabilities", f"the capabilities of '{self.name}'", report)
        what = f"the capability '{capability}' of '{self.name}'"
        body = mapping(bodies.get(capability), what, value_place(bodies, capability), report)
        return section(body, "properties", f"the properties of {what}", report)


def read_templates(body: Mapping[str, Any], vocabulary: Vocabulary, report: Report) -> dict[str, Draft]:
    """Return the node templates by name, in the order of the template; `body` is the topology_template."""
    written = section(body, "node_templates", "'node_templates'", report)
    relationships = section(body, "relationship_templates", "'relationship_templates'", report)
    drafts: dict[str, Draft] = {}
    for name in written:
        draft = _draft(name, written, vocabulary, report)
        if draft is not None:
            drafts[name] = draft
    reader = _RequirementReader(written, drafts, relationships, vocabulary, report)
    for draft in drafts.values():
        reader.read(draft)
    return drafts


def _draft(name: str, written: Mapping[str, Any], vocabulary: Vocabulary, report: Report) -> Draft | None:
    at = key_place(written, name)
    body = mapping(written[name], f"the node template '{name}'", at, report)
    node_type = vocabulary.find("node_types", body.get("type"), value_place(body, "type", at), report)
    unknown_keys(body, _KEYS, f"the node template '{name}'", report)
    if node_type is None:
        return None
    _known_capabilities(name, body, node_type, report)
    return Draft(name, body, node_type, at)


def unknown_keys(body: Mapping[str, Any], known: frozenset[str], subject: str, report: Report) -> None:
    """Report the keys of a mapping that TOSCA does not have there."""
    for key in body:
        if key not in known:
            hint = did_you_mean(key, known, what="keys")
            report.add("unknown-key", f"{subject} has the unknown key '{key}'", key_place(body, key), hint)


def _known_capabilities(name: str, body: Mapping[str, Any], node_type: Type, report: Report) -> None:
    bodies = section(body, "capabilities", f"the capabilities of '{name}'", report)
    for capability in bodies:
        if capability not in node_type.capabilities:
            hint = did_you_mean(capability, node_type.capabilities, what="capabilities")
            message = f"'{name}' has no capability '{capability}'"
            report.add("unknown-capability", message, key_place(bodies, capability), hint)


class _RequirementReader:
    def __init__(
        self,
        written: Mapping[str, Any],
        drafts: Mapping[str, Draft],
        relationships: Mapping[str, Any],
        vocabulary: Vocabulary,
        report: Report,
    ) -> None:
        self._written = written
        self._drafts = drafts
        self._relationships = relationships
        self._vocabulary = vocabulary
        self._report = report

    def read(self, draft: Draft) -> None:
        """Fill the requirements of a draft."""
        for name, value, at in self._entries(draft):
            requirement = self._requirement(draft, name, value, at)
            if requirement is not None:
                draft.requirements.append(requirement)
        self._check_hosts(draft)
        self._check_missing(draft)

    def _entries(self, draft: Draft) -> Iterator[tuple[str, Any, Location]]:
        written = draft.body.get("requirements")
        if written is None:
            return
        if not isinstance(written, list):
            at = value_place(draft.body, "requirements")
            self._report.add("shape", f"the requirements of '{draft.name}' must be a list", at, "Write `- host: ...`.")
            return
        for index, entry in enumerate(written):
            if isinstance(entry, Mapping) and len(entry) == 1:
                ((name, value),) = entry.items()
                yield name, value, key_place(entry, name)
            else:
                at = value_place(written, index)
                message = f"a requirement of '{draft.name}' must be one name and its node"
                self._report.add("shape", message, at, "Write `- host: fe_server`.")

    def _requirement(self, draft: Draft, name: str, value: Any, at: Location) -> DraftRequirement | None:
        definition = draft.type.requirements.get(name)
        if definition is None:
            hint = did_you_mean(name, draft.type.requirements, what="requirements")
            self._report.add("unknown-requirement", f"'{draft.name}' has no requirement '{name}'", at, hint)
        fields = {"node": value} if isinstance(value, str) else value
        fields = mapping(fields, f"the requirement '{name}' of '{draft.name}'", at, self._report)
        unknown_keys(fields, _REQUIREMENT_KEYS, f"the requirement '{name}' of '{draft.name}'", self._report)
        target = self._target(draft, name, fields, at)
        if target is None:
            return None
        if definition is not None:
            self._check_target(draft, definition, target, at)
        relationship, body = self._relationship(fields, definition, at)
        hosting = name == "host" or (relationship is not None and relationship.is_a(HOSTED_ON))
        capability = fields.get("capability")
        return DraftRequirement(
            name, target, relationship, capability if isinstance(capability, str) else None, hosting, body, at
        )

    def _target(self, draft: Draft, name: str, fields: Mapping[str, Any], at: Location) -> str | None:
        target = fields.get("node")
        if isinstance(target, str) and target in self._drafts:
            return target
        if isinstance(target, str) and target in self._written:
            return None  # its own problem is reported already
        shown = f"'{target}', which is no node template" if isinstance(target, str) else "no node template"
        message = f"the requirement '{name}' of '{draft.name}' points to {shown}"
        hint = did_you_mean(target, self._written, what="node templates")
        self._report.add("dangling-requirement", message, value_place(fields, "node", at), hint)
        return None

    def _check_target(self, draft: Draft, definition: RequirementDef, target: str, at: Location) -> None:
        found = self._drafts[target].type
        wanted = [name for name in (definition.node, definition.capability) if name]
        offered = any(
            definition.capability is not None and capability.type.is_a(definition.capability)
            for capability in found.capabilities.values()
        )
        if wanted and not offered and not any(found.is_a(name) for name in wanted):
            called = f"the requirement '{definition.name}' of '{draft.name}'"
            message = f"{called} needs {wanted[0]}, but '{target}' is {found.name}"
            self._report.add("wrong-target", message, at, "Point it to a node of that type.")

    def _relationship(
        self, fields: Mapping[str, Any], definition: RequirementDef | None, at: Location
    ) -> tuple[Type | None, Mapping[str, Any]]:
        written = fields.get("relationship")
        body: Mapping[str, Any] = {}
        if isinstance(written, str) and written in self._relationships:
            body = mapping(self._relationships[written], f"the relationship '{written}'", at, self._report)
            written = body.get("type")
        elif isinstance(written, Mapping):
            body = written
            written = body.get("type")
        if written is None:
            written = definition.relationship if definition is not None else None
        if written is None:
            return None, body
        return self._vocabulary.find("relationship_types", written, place(body) if body else at, self._report), body

    def _check_hosts(self, draft: Draft) -> None:
        hosts = draft.hosts
        if len({requirement.node for requirement in hosts}) > 1:
            names = " and ".join(f"'{requirement.node}'" for requirement in hosts[:4])
            hint = "Keep one; use `dependency` for the others."
            self._report.add("hosts", f"'{draft.name}' runs on more than one node: {names}", hosts[1].at, hint)

    def _check_missing(self, draft: Draft) -> None:
        given = self._given_names(draft)
        hosted = draft.host is not None
        for name, definition in draft.type.requirements.items():
            if definition.minimum > 0 and name not in given and not (name == "host" and hosted):
                message = f"'{draft.name}' lacks the requirement '{name}'"
                hint = f"Add `- {name}: ...` to its `requirements`."
                self._report.add("missing-requirement", message, draft.at, hint)

    def _given_names(self, draft: Draft) -> set[str]:
        written = draft.body.get("requirements")
        entries = written if isinstance(written, list) else []
        return {name for entry in entries if isinstance(entry, Mapping) for name in entry}
