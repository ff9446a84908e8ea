# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a template: functions bound, defaults filled in, evaluated in order, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .document import value_place
from .functions import UNKNOWN, Call, FunctionError, State, calls, evaluate, follow, parse, require_small
from .graph import dependency_order
from .references import BOUND, REFLECTED, References, Scope, Slot
from .report import Location, Report
from .templates import Draft
from .types import Schema
from .values import Values


@dataclass
class _Entry:
    """One property that has a value: what it may hold, the value with bound functions, what to call it."""

    schema: Schema | None
    value: Any
    subject: str
    at: Location
    is_default: bool = False


class Settler:
    """Evaluates the values of all node templates; what is wrong goes to the report."""

    def __init__(
        self,
        drafts: Mapping[str, Draft],
        references: References,
        values: Values,
        report: Report,
        trust: bool = False,
    ) -> None:
        """Take the node templates; `trust` marks the Jinja in their texts."""
        self._drafts = drafts
        self._references = references
        self._checker = values
        self._report = report
        self._trust = trust
        self._entries: dict[Slot, _Entry] = {}
        self._settled: dict[Slot, Any] = {}
        self._state: State = {BOUND: self._lookup, REFLECTED: self._reflected}

    def settle(self) -> None:
        """Evaluate the properties of all nodes and of their capabilities."""
        for draft in self._drafts.values():
            self._collect(draft)
        for slot in self._order():
            entry = self._entries[slot]
            self._settled[slot] = self._finish(entry)
        self._entries.clear()

    def properties(self, draft: Draft, capability: str | None = None) -> dict[str, Any]:
        """Return the settled properties of a node or of one of its capabilities, without unset ones."""
        given = draft.given(capability)
        schemas = draft.known(capability)
        names = [*schemas, *(name for name in given if name not in schemas)]
        found = {name: self._settled.get((draft.name, capability, name)) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def value(self, raw: Any, scope: Scope, subject: str, at: Location, schema: Schema | None = None) -> Any:
        """Return any other value, evaluated as far as it can be, and typed when there is a schema."""
        parsed = parse(raw, self._report, at, self._trust)
        bound = evaluate_or_report(parsed, self._references.state(scope), self._report, at)
        return self._finish(_Entry(schema, bound, subject, at))

    def fields(
        self,
        given: Mapping[str, Any],
        schemas: Mapping[str, Schema],
        scope: Scope,
        subject: str,
        at: Location,
        missing: str = "missing-property",
    ) -> dict[str, Any]:
        """Return properties of something that is no node (a relationship, a policy), with defaults, typed.

        `missing` is the kind of problem that the lack of a required property is.
        """
        result = {}
        for name, raw in given.items():
            schema = schemas.get(name)
            if schema is None:
                self._checker.unknown_property(name, schemas, given, subject)
            called = f"property '{name}' of {subject}"
            result[name] = self.value(raw, scope, called, value_place(given, name), schema)
        for name, schema in schemas.items():
            if result.get(name) is None:
                result[name] = self._default(schema, f"property '{name}' of {subject}", at, missing)
        return {name: value for name, value in result.items() if value is not None}

    def _default(self, schema: Schema, subject: str, at: Location, missing: str) -> Any:
        if schema.default is not None:
            return self._checker.default(schema.default, schema, subject, at)
        if schema.required:
            self._missing(schema.name, subject, at, missing)
        return None

    def _missing(self, name: str, subject: str, at: Location, kind: str = "missing-property") -> None:
        self._report.add(kind, f"{subject} is required", at, f"Add `{name}:` with a value.")

    def _collect(self, draft: Draft) -> None:
        state = self._references.state(Scope(node=draft.name))
        for capability in (None, *draft.capabilities):
            owner = f"'{draft.name}'" if capability is None else f"capability '{capability}' of '{draft.name}'"
            given = draft.given(capability)
            schemas = draft.known(capability)
            for name in given:
                if name not in schemas:
                    if capability is None or capability in draft.type.capabilities:
                        self._checker.unknown_property(name, schemas, given, owner)
                    self._entry(draft, capability, name, None, given[name], owner, value_place(given, name), state)
            for name, schema in schemas.items():
                raw = given.get(name)
                at = value_place(given, name, draft.at)
                # A capability that the template does not set may lack required properties.
                if raw is not None or schema.default is not None or (schema.required and (capability is None or given)):
                    self._entry(draft, capability, name, schema, raw, owner, at, state)

    def _entry(
        self,
        draft: Draft,
        capability: str | None,
        name: str,
        schema: Schema | None,
        raw: Any,
        owner: str,
        at: Location,
        state: State,
    ) -> None:
        is_default = raw is None and schema is not None
        if schema is not None and is_default:
            raw = schema.default
        bound = evaluate_or_report(parse(raw, self._report, at, self._trust), state, self._report, at)
        entry = _Entry(schema, bound, f"property '{name}' of {owner}", at, is_default)
        self._entries[draft.name, capability, name] = entry

    def _order(self) -> list[Slot]:
        graph = {slot: self._needs(entry) for slot, entry in self._entries.items()}
        order, cycles = dependency_order(graph)
        for cycle in cycles:
            names = " -> ".join(".".join(part for part in slot if part is not None) for slot in cycle)
            at = self._entries[cycle[0]].at
            self._report.add("cycle", f"properties that refer to each other: {names}", at, "Give one of them a value.")
        return order

    def _needs(self, entry: _Entry) -> list[Slot]:
        if not isinstance(entry.value, (dict, list)):
            return []
        return [tuple(arguments[:3]) for name, arguments in calls(entry.value) if name in self._state]

    def _lookup(self, arguments: list, at: Location) -> Any:
        node, capability, name, *path = arguments
        value = self._settled.get((node, capability, name))
        if value is None:
            return None
        return follow(value, path, at)

    def _reflected(self, arguments: list, at: Location) -> Any:
        """Return a property that is asked for as an attribute; a part that it lacks stays unknown."""
        try:
            value = self._lookup(arguments, at)
        except FunctionError:
            value = None
        return value if value is not None else Call("get_attribute", [a for a in arguments if a is not None], at)

    def _finish(self, entry: _Entry) -> Any:
        value = evaluate_or_report(entry.value, self._state, self._report, entry.at)
        if value is UNKNOWN:
            return None
        schema = entry.schema
        if schema is None:
            return value
        if value == "" and not entry.is_default and not self._checker.takes_text(schema):
            self._report.add(
                "empty-text", f"{entry.subject}: '' is no {schema.type}", entry.at, "It is taken for nothing."
            )
            value = None
        if value is None and schema.default is not None:
            return self._checker.default(schema.default, schema, entry.subject, entry.at)
        if value is None and schema.required:
            self._missing(schema.name, entry.subject, entry.at)
        if entry.is_default:
            return self._checker.default(value, schema, entry.subject, entry.at)
        return self._checker.coerce(value, schema, entry.subject, entry.at)


def evaluate_or_report(value: Any, state: State, report: Report, at: Location) -> Any:
    """Return the evaluated value; UNKNOWN when a function in it cannot have one, which goes to the report."""
    try:
        found = evaluate(value, state)
        if found is not value:
            require_small(found, at)
        return found
    except FunctionError as error:
        report.add("function", str(error), error.at if error.at.line else at, error.hint)
        return UNKNOWN
