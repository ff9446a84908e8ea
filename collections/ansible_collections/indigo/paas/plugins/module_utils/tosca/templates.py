# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Node templates as written: their types, and which node each requirement means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.tosca import dialect
from ansible_collections.indigo.paas.plugins.module_utils.tosca.directives import check_directives
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import Map, Seq, key_place, value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.drafts import Draft, DraftRequirement, Templates
from ansible_collections.indigo.paas.plugins.module_utils.tosca.inputs import Inputs
from ansible_collections.indigo.paas.plugins.module_utils.tosca.node_filter import Chooser, Wish
from ansible_collections.indigo.paas.plugins.module_utils.tosca.relationships import RelationshipMaker
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.sections import read_sections, unknown_keys
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import mapping, section
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import HOSTED_ON, RequirementDef
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import Vocabulary

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


def read_templates(body: Mapping[str, Any], inputs: Inputs, vocabulary: Vocabulary, report: Report) -> Templates:
    """Return the node templates and their relationships; `body` is the topology_template."""
    written = section(body, "node_templates", "'node_templates'", report)
    relationships = section(body, "relationship_templates", "'relationship_templates'", report)
    drafts: dict[str, Draft] = {}
    for name in written:
        draft = _draft(name, written, vocabulary, report)
        if draft is not None:
            drafts[name] = draft
    complete = len(drafts) == len(written) and not vocabulary.incomplete
    chooser = Chooser(drafts, inputs, vocabulary, report, complete)
    maker = RelationshipMaker(relationships, written, vocabulary, report)
    reader = _RequirementReader(written, drafts, maker, chooser, vocabulary, report)
    for draft in drafts.values():
        reader.read(draft)
    maker.make_unused()
    return Templates(drafts, maker.made, written, vocabulary.incomplete)


def _draft(name: str, written: Mapping[str, Any], vocabulary: Vocabulary, report: Report) -> Draft | None:
    at = key_place(written, name)
    called = f"the node template '{name}'"
    body = mapping(written[name], called, at, report)
    if "copy" in body:
        return None  # what it copies is wrong, and reported
    node_type = dialect.find_type(vocabulary, "node_types", body.get("type"), value_place(body, "type", at), report)
    misplaced = frozenset(node_type.capabilities if node_type is not None else ()) - _KEYS
    unknown_keys(body, _KEYS | misplaced, called, report, shown=_KEYS)
    if node_type is None:
        return None
    check_directives(name, body, node_type, report)
    draft = Draft(name, body, node_type, at)
    read_sections(draft, report, misplaced)
    return draft


class _RequirementReader:
    def __init__(
        self,
        written: Mapping[str, Any],
        drafts: Mapping[str, Draft],
        relationships: RelationshipMaker,
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
        relationship, kind = self._relationships.make((draft.name, target), name, fields, definition, at)
        hosting = name == "host" or (kind is not None and kind.is_a(HOSTED_ON))
        capability = fields.get("capability")
        wanted = capability if isinstance(capability, str) else None
        return DraftRequirement(name, target, relationship, kind, wanted, hosting, at)

    def _target(
        self, draft: Draft, name: str, fields: Mapping[str, Any], definition: RequirementDef | None, at: Location
    ) -> str | None:
        target = fields.get("node")
        if isinstance(target, str) and target in self._drafts:
            return target if self._chooser.accepts(target, _wish(draft, name, fields, definition, at)) else None
        if isinstance(target, str) and (target in self._written or self._vocabulary.incomplete):
            return None  # its own problem is reported already, or that of the import that may define the type
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
    """Say whether a requirement names no node template but what kind of node it needs.

    One that says nothing at all has most likely been forgotten.
    """
    if target is None:
        return any(key in fields for key in ("node_filter", "capability", "relationship"))
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
