# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements that say what kind of node they need: the node template that is one (TOSCA 1.3, 3.6.5 node_filter)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.constraints import make_check
from ansible_collections.indigo.paas.plugins.module_utils.tosca.converters import comparable
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import key_place, place, value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import (
    UNKNOWN,
    FunctionError,
    evaluate,
    follow,
    is_settled,
    parse,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import mapping
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Check, RequirementDef, Schema
from ansible_collections.indigo.paas.plugins.module_utils.tosca.values import Values, shown
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import Vocabulary

if TYPE_CHECKING:
    from ansible_collections.indigo.paas.plugins.module_utils.tosca.drafts import Draft
    from ansible_collections.indigo.paas.plugins.module_utils.tosca.inputs import Inputs

_SHOWN = 3


@dataclass(frozen=True)
class Wish:
    """What a requirement asks for: `source` is the node template that has it, `fields` what it says."""

    source: str
    name: str
    fields: Mapping[str, Any]
    definition: RequirementDef | None
    at: Location

    @property
    def called(self) -> str:
        """Return how messages call the requirement."""
        return f"the requirement '{self.name}' of '{self.source}'"


@dataclass(frozen=True, eq=False)
class _Condition:
    """One line of a node_filter: a property, of a capability unless that is None, and what it must be."""

    capability: str | None
    property: str
    constraint: Any
    at: Location


class Chooser:
    """Finds the node template for a requirement; what cannot be found goes to the report."""

    def __init__(
        self,
        drafts: Mapping[str, Draft],
        inputs: Inputs,
        vocabulary: Vocabulary,
        report: Report,
        complete: bool = True,
    ) -> None:
        """Take the node templates; unless they are `complete`, the one that fits may be one that cannot be read."""
        self._drafts = drafts
        self._complete = complete
        self._inputs = inputs
        self._vocabulary = vocabulary
        self._report = report
        self._values: dict[tuple[str, str | None, str], Any] = {}
        self._checks: dict[tuple[_Condition, str], Check] = {}

    def choose(self, wish: Wish) -> str | None:
        """Return the first node template, in the order of the template, that is what a requirement asks for."""
        conditions = list(self._conditions(wish))
        node_type, capability = self._kinds(wish)
        refusals = []
        for draft in self._drafts.values():
            if draft.name == wish.source or not self._is_kind(draft, node_type, capability):
                continue
            refusal = self._refusal(draft, conditions)
            if refusal is None:
                return draft.name
            refusals.append(refusal)
        if not self._complete:
            return None
        wanted = node_type or capability or "a node"
        hint = f"{'; '.join(refusals[:_SHOWN])}." if refusals else f"Add a node template of type {wanted}."
        at = key_place(wish.fields, "node_filter", wish.at)
        self._report.add("no-match", f"no node template fits {wish.called}", at, hint[:1].upper() + hint[1:])
        return None

    def accepts(self, name: str, wish: Wish) -> bool:
        """Say whether the node template that a requirement names satisfies its node_filter; report when not."""
        if "node_filter" not in wish.fields:
            return True
        refusal = self._refusal(self._drafts[name], list(self._conditions(wish)))
        if refusal is not None:
            at = key_place(wish.fields, "node_filter")
            self._report.add(
                "no-match", f"'{name}' does not fit {wish.called}", at, f"{refusal[:1].upper()}{refusal[1:]}."
            )
        return refusal is None

    def _kinds(self, wish: Wish) -> tuple[str | None, str | None]:
        """Return the node type and the capability type that are asked for; the template's word before the type's."""
        node_type = self._vocabulary.full_name("node_types", wish.fields.get("node"))
        capability = self._vocabulary.full_name("capability_types", wish.fields.get("capability"))
        if wish.definition is not None:
            node_type = node_type or wish.definition.node
            capability = capability or wish.definition.capability
        return node_type, capability

    def _is_kind(self, draft: Draft, node_type: str | None, capability: str | None) -> bool:
        if node_type is not None:
            return draft.type.is_a(node_type)
        if capability is None:
            return False
        return any(offered.type.is_a(capability) for offered in draft.type.capabilities.values())

    def _conditions(self, wish: Wish) -> Iterator[_Condition]:
        written = mapping(wish.fields.get("node_filter"), "'node_filter'", wish.at, self._report)
        yield from self._properties(None, written)
        for name, body in self._pairs(written, "capabilities"):
            yield from self._properties(name, mapping(body, f"'{name}' of the node_filter", place(body), self._report))

    def _properties(self, capability: str | None, owner: Mapping[str, Any]) -> Iterator[_Condition]:
        for name, written in self._pairs(owner, "properties"):
            constraints = written if isinstance(written, list) else [written]
            for constraint in constraints:
                yield _Condition(capability, name, constraint, value_place(owner, "properties"))

    def _pairs(self, owner: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
        """Yield the entries of a list of one-key mappings, or of a mapping."""
        written = owner.get(key)
        entries = [written] if isinstance(written, Mapping) else written or []
        if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
            at = value_place(owner, key)
            self._report.add("shape", f"'{key}' of a node_filter must be a list", at, "Begin each line with `- name:`.")
            return
        for entry in entries:
            yield from entry.items()

    def _refusal(self, draft: Draft, conditions: list[_Condition]) -> str | None:
        """Return why a node template does not satisfy conditions, None when it does."""
        return next((fault for each in conditions if (fault := self._fault(draft, each)) is not None), None)

    def _fault(self, draft: Draft, condition: _Condition) -> str | None:
        capability = self._capability(draft, condition.capability)
        if condition.capability is not None and capability is None:
            return f"'{draft.name}' has no capability '{condition.capability}'"
        path = f"{capability}.{condition.property}" if capability else condition.property
        schema = draft.known(capability).get(condition.property)
        slot = (draft.name, capability, condition.property)
        if slot not in self._values:
            self._values[slot] = self._value(draft, capability, condition.property, schema)
        value = self._values[slot]
        if value is None or schema is None:
            return f"'{path}' of '{draft.name}' is not set"
        kind = self._vocabulary.primitive(schema.type)
        try:
            fault = self._check(condition, kind)(comparable(kind, value))
        except ValueError as error:
            self._report.add("schema", f"node_filter: {error}", condition.at, "Write it as a constraint.")
            return f"'{path}' cannot be compared"
        return None if fault is None else f"'{path}' of '{draft.name}' is {shown(value)} and {fault}"

    def _check(self, condition: _Condition, kind: str) -> Check:
        """Return the check of a condition on a property of a primitive type; a value alone is one to equal."""
        found = self._checks.get((condition, kind))
        if found is None:
            written = condition.constraint
            constraint = written if isinstance(written, Mapping) else {"equal": written}
            found = self._checks[condition, kind] = make_check(condition.property, kind, constraint)
        return found

    def _capability(self, draft: Draft, wanted: str | None) -> str | None:
        """Return the name of the capability with a name or of a type."""
        if wanted is None or wanted in draft.type.capabilities:
            return wanted
        full = self._vocabulary.full_name("capability_types", wanted)
        offered = draft.type.capabilities.items()
        return next((name for name, found in offered if full is not None and found.type.is_a(full)), None)

    def _value(self, draft: Draft, capability: str | None, name: str, schema: Schema | None) -> Any:
        """Return a property that is known without a look at other nodes, typed; None when there is none."""
        raw = draft.given(capability).get(name)
        if raw is None and schema is not None:
            raw = schema.default
        silent = Report()
        try:
            value = evaluate(parse(raw, silent), {"get_input": self._input})
        except FunctionError:
            return None
        if schema is None or value is None or value is UNKNOWN or not is_settled(value):
            return None
        return Values(self._vocabulary, silent).coerce(value, schema, name, place(draft.body))

    def _input(self, arguments: list[Any], at: Location) -> Any:
        name, *path = arguments
        value = self._inputs.values.get(name) if isinstance(name, str) else None
        return UNKNOWN if value is None else follow(value, path, at)
