# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Node templates as written: their types, and which node each requirement means."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import did_you_mean
from . import dialect
from .directives import check_directives
from .document import Map, Seq, key_place, place, value_place
from .inputs import Inputs
from .node_filter import Chooser, Wish
from .report import Location, Report
from .type_builder import mapping, section
from .types import HOSTED_ON, RequirementDef, Schema, Type
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
_RELATIONSHIP_KEYS = frozenset(("type", "description", "metadata", "properties", "attributes", "interfaces", "copy"))
_REQUIREMENT_KEYS = frozenset(("node", "capability", "relationship", "node_filter", "occurrences"))


@dataclass
class DraftRequirement:
    """A requirement with its target; `body` is the relationship as written: its properties and interfaces."""

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
    sections: dict[str | None, Mapping[str, Any]] = field(default_factory=dict)

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


def read_templates(body: Mapping[str, Any], inputs: Inputs, vocabulary: Vocabulary, report: Report) -> dict[str, Draft]:
    """Return the node templates by name, in the order of the template; `body` is the topology_template."""
    written = section(body, "node_templates", "'node_templates'", report)
    relationships = section(body, "relationship_templates", "'relationship_templates'", report)
    drafts: dict[str, Draft] = {}
    for name in written:
        draft = _draft(name, written, vocabulary, report)
        if draft is not None:
            drafts[name] = draft
    chooser = Chooser(drafts, inputs, vocabulary, report)
    reader = _RequirementReader(written, drafts, relationships, chooser, vocabulary, report)
    for draft in drafts.values():
        reader.read(draft)
    return drafts


def _draft(name: str, written: Mapping[str, Any], vocabulary: Vocabulary, report: Report) -> Draft | None:
    at = key_place(written, name)
    called = f"the node template '{name}'"
    body = mapping(written[name], called, at, report)
    node_type = dialect.find_type(vocabulary, "node_types", body.get("type"), value_place(body, "type", at), report)
    misplaced = frozenset(node_type.capabilities if node_type is not None else ()) - _KEYS
    unknown_keys(body, _KEYS | misplaced, called, report, shown=_KEYS)
    if node_type is None:
        return None
    check_directives(name, body, node_type, report)
    draft = Draft(name, body, node_type, at)
    _read_sections(draft, misplaced, report)
    return draft


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


def _read_sections(draft: Draft, misplaced: Collection[str], report: Report) -> None:
    """Fill the sections of a draft: what the template gives the node and each of its capabilities."""
    given = section(draft.body, "properties", f"the properties of '{draft.name}'", report)
    draft.sections[None] = dialect.properties(given, draft.type.properties, report)
    for name in misplaced:
        if name in draft.body:
            message = f"'{name}' of '{draft.name}' is read as its capability"
            report.add("misplaced", message, key_place(draft.body, name), "Write it under `capabilities:`.")
            _read_capability(draft, name, draft.body, report)
    bodies = section(draft.body, "capabilities", f"the capabilities of '{draft.name}'", report)
    for name in bodies:
        if name not in draft.type.capabilities:
            message = f"'{draft.name}' has no capability '{name}'"
            at = key_place(bodies, name)
            dialect.unknown("unknown-capability", name, draft.type.capabilities, bodies, message, at, report)
        _read_capability(draft, name, bodies, report)


def _read_capability(draft: Draft, name: str, bodies: Mapping[str, Any], report: Report) -> None:
    what = f"the capability '{name}' of '{draft.name}'"
    body = mapping(bodies[name], what, value_place(bodies, name), report)
    known = draft.known(name)
    if "properties" not in body and any(key in known for key in body):
        message = f"the properties of {what} are read without `properties:`"
        report.add("misplaced", message, place(body), "Write them under `properties:`.")
        given = body
    else:
        given = section(body, "properties", f"the properties of {what}", report)
    draft.sections[name] = dialect.properties(given, known, report)


class _RequirementReader:
    def __init__(
        self,
        written: Mapping[str, Any],
        drafts: Mapping[str, Draft],
        relationships: Mapping[str, Any],
        chooser: Chooser,
        vocabulary: Vocabulary,
        report: Report,
    ) -> None:
        self._chooser = chooser
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
        if isinstance(written, Mapping):
            message = f"the requirements of '{draft.name}' are read as a list"
            at = value_place(draft.body, "requirements")
            self._report.add("misplaced", message, at, "Begin each with `- `.")
            written = _as_list(written)
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
            message = f"'{draft.name}' has no requirement '{name}'"
            dialect.unknown("unknown-requirement", name, draft.type.requirements, (), message, at, self._report)
        fields = {"node": value} if isinstance(value, str) else value
        fields = mapping(fields, f"the requirement '{name}' of '{draft.name}'", at, self._report)
        unknown_keys(fields, _REQUIREMENT_KEYS, f"the requirement '{name}' of '{draft.name}'", self._report)
        target = self._target(draft, name, fields, definition, at)
        if target is None:
            return None
        if definition is not None:
            self._check_target(draft, definition, target, at)
        relationship, body = self._relationship(fields, definition, at)
        unknown_keys(body, _RELATIONSHIP_KEYS, f"the relationship of '{name}' of '{draft.name}'", self._report)
        hosting = name == "host" or (relationship is not None and relationship.is_a(HOSTED_ON))
        capability = fields.get("capability")
        return DraftRequirement(
            name, target, relationship, capability if isinstance(capability, str) else None, hosting, body, at
        )

    def _target(
        self, draft: Draft, name: str, fields: Mapping[str, Any], definition: RequirementDef | None, at: Location
    ) -> str | None:
        target = fields.get("node")
        if isinstance(target, str) and target in self._drafts:
            return target if self._chooser.accepts(target, _wish(draft, name, fields, definition, at)) else None
        if isinstance(target, str) and target in self._written:
            return None  # its own problem is reported already
        if _leaves_choice(target, fields, self._vocabulary):
            return self._chooser.choose(_wish(draft, name, fields, definition, at))
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
        place_of_type = value_place(body, "type", at) if body else value_place(fields, "relationship", at)
        found = dialect.find_type(self._vocabulary, "relationship_types", written, place_of_type, self._report)
        return found, body

    def _check_hosts(self, draft: Draft) -> None:
        hosts = draft.hosts
        if len({requirement.node for requirement in hosts}) > 1:
            names = " and ".join(f"'{requirement.node}'" for requirement in hosts[:4])
            hint = "Keep one; use `dependency` for the others."
            self._report.add("hosts", f"'{draft.name}' runs on more than one node: {names}", hosts[1].at, hint)

    def _check_missing(self, draft: Draft) -> None:
        given = draft.required
        hosted = draft.host is not None
        for name, definition in draft.type.requirements.items():
            if definition.minimum > 0 and name not in given and not (name == "host" and hosted):
                kind = "missing-host" if definition.dropped else "missing-requirement"
                message = f"'{draft.name}' lacks the requirement '{name}'"
                message += ": it runs on no machine and will not be installed" if definition.dropped else ""
                self._report.add(kind, message, draft.at, f"Add `- {name}: ...` to its `requirements`.")


def _wish(draft: Draft, name: str, fields: Mapping[str, Any], definition: RequirementDef | None, at: Location) -> Wish:
    return Wish(draft.name, name, fields, definition, at)


def _leaves_choice(target: Any, fields: Mapping[str, Any], vocabulary: Vocabulary) -> bool:
    """Say whether a requirement names no node template but what kind of node it needs."""
    if target is None:
        return "node_filter" in fields or "capability" in fields
    return vocabulary.full_name("node_types", target) is not None


def _as_list(written: Mapping[str, Any]) -> Seq:
    """Return the requirements of a mapping as the list of one-key mappings that they should be."""
    result = Seq()
    for name, value in written.items():
        entry = Map({name: value})
        if isinstance(written, Map):
            entry.file, entry.line, entry.column = written.file, written.line, written.column
            entry.marks = {name: written.marks[name]}
        result.append(entry)
    return result
