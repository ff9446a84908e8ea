# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a template: functions bound, defaults filled in, evaluated in order, typed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.converters import is_zero_size
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.drafts import Draft, Scope, Templates
from ansible_collections.indigo.paas.plugins.module_utils.tosca.expected import expectations
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import (
    FUNCTION,
    UNKNOWN,
    Call,
    FunctionError,
    State,
    calls,
    evaluate,
    follow,
    holds_call,
    is_call,
    parse,
    require_small,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.graph import dependency_order
from ansible_collections.indigo.paas.plugins.module_utils.tosca.references import (
    ASSIGNED,
    BOUND,
    REFLECTED,
    References,
    Slot,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.run_attributes import RunAttributes
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import Assigned, Expected
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import EXISTING_VOLUME, STORAGE, Schema
from ansible_collections.indigo.paas.plugins.module_utils.tosca.values import Values

# Functions that read a property, or an attribute that has a value from the beginning.
_READ = (BOUND, REFLECTED, ASSIGNED)


@dataclass
class _Entry:
    """One property or attribute that has a value: what it may hold, the value with bound functions, its name."""

    schema: Schema | None
    value: Any
    subject: str
    at: Location
    is_default: bool = False
    is_attribute: bool = False


class Settler:
    """Evaluates the values of all templates; what is wrong goes to the report."""

    def __init__(
        self,
        templates: Templates,
        runs: RunAttributes,
        references: References,
        values: Values,
        report: Report,
        trust: bool = False,
    ) -> None:
        """Take the templates; `trust` marks the Jinja in their texts."""
        self._by_name: dict[str, Draft] = {**templates.nodes, **templates.relationships}
        self._runs = runs
        self._references = references
        self._checker = values
        self._report = report
        self._trust = trust
        self._entries: dict[Slot, _Entry] = {}
        self._settled: dict[Slot, Any] = {}
        self._wrong: set[Slot] = set()
        self._state: State = {BOUND: self._lookup, REFLECTED: self._reflected, ASSIGNED: self._assigned}
        self._at_first: list[Assigned] = []
        self._expected: dict[Slot, tuple[Expected, ...]] = {}

    def settle(self) -> None:
        """Evaluate the properties and attributes of all entities and of their capabilities."""
        for draft in self._by_name.values():
            self._collect(draft)
        for slot in self._order():
            entry = self._entries[slot]
            known_errors = self._report.error_count
            self._settled[slot] = self._finish(self._without_volume(slot, entry))
            if self._report.error_count > known_errors or entry.value is UNKNOWN:
                self._wrong.add(slot)
            self._keep_until_run(slot)
            self._expected[slot] = self._expected_of(slot.name, entry, self._settled[slot])
        self._entries.clear()

    def _expected_of(self, name: str, entry: _Entry, value: Any) -> tuple[Expected, ...]:
        """Return what a value that is not known yet must fit, first what the properties must that it is made of."""
        if not holds_call(value):
            return ()
        functions = ((called, arguments) for called, arguments in calls(entry.value) if called in _READ)
        read = [slot for called, arguments in functions for slot in _slots(called, arguments)]
        whole = is_call(entry.value) and _is_whole(entry.value)
        inner = (each for slot in read for each in self._expected.get(slot, ()))
        own = [] if entry.schema is None else [Expected(name, entry.subject, entry.schema, value, entry.at)]
        return expectations([*expectations(inner, whole), *own])

    def _without_volume(self, slot: Slot, entry: _Entry) -> _Entry:
        """Return the entry of a volume's size as one that may be 0, where it is: there is no such volume then."""
        is_size = slot.name == "size" and slot.capability is None and not slot.is_attribute
        schema, draft = entry.schema, self._by_name[slot.entity]
        if not is_size or schema is None or not draft.type.is_a(STORAGE):
            return entry
        value = evaluate_or_report(entry.value, self._state, Report(), entry.at)
        if not is_zero_size(value):
            return entry
        exists = any(draft.given(None).get(name) for name in EXISTING_VOLUME)
        hint = "It is taken for no size." if exists else "No volume is made."
        self._report.add("zero-volume", f"the volume '{slot.entity}' has the size 0", entry.at, hint)
        return dataclasses.replace(entry, schema=dataclasses.replace(schema, checks=()))

    def _keep_until_run(self, slot: Slot) -> None:
        value = self._settled[slot]
        if slot.is_attribute and value is not None and self._runs.gives(self._by_name[slot.entity], *slot[1:3]):
            path = (slot.name,) if slot.capability is None else (slot.capability, slot.name)
            self._at_first.append(Assigned(slot.entity, path, value))

    @property
    def assigned(self) -> tuple[Assigned, ...]:
        """Return the values that attributes have until what runs gives them others, each after those it refers to."""
        return tuple(self._at_first)

    def properties(self, draft: Draft, capability: str | None = None) -> dict[str, Any]:
        """Return the settled properties of an entity or of one of its capabilities, without unset ones."""
        given = draft.given(capability)
        schemas = draft.known(capability)
        names = [*schemas, *(name for name in given if name not in schemas)]
        found = {name: self._settled.get(Slot(draft.name, capability, name)) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def value(self, raw: Any, scope: Scope, subject: str, at: Location, schema: Schema | None = None) -> Any:
        """Return any other value, evaluated as far as it can be, and typed when there is a schema."""
        return self.pending(raw, scope, subject, at, schema)[0]

    def pending(
        self, raw: Any, scope: Scope, subject: str, at: Location, schema: Schema | None = None
    ) -> tuple[Any, tuple[Expected, ...]]:
        """Return what `value` does, and what it must fit where it is not known yet."""
        parsed = parse(raw, self._report, at, self._trust)
        bound = evaluate_or_report(parsed, self._references.state(scope), self._report, at)
        entry = _Entry(schema, bound, _with_input(subject, raw), at)
        value = self._finish(entry)
        return value, self._expected_of("", entry, value)

    def fields(
        self,
        given: Mapping[str, Any],
        schemas: Mapping[str, Schema],
        scope: Scope,
        subject: str,
        at: Location,
        missing: str = "missing-property",
    ) -> dict[str, Any]:
        """Return properties of something that functions cannot name (a group, a policy), with defaults, typed.

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
            self._checker.missing(schema.name, subject, at, missing)
        return None

    def _collect(self, draft: Draft) -> None:
        state = self._references.state(draft.scope())
        for capability in (None, *draft.capabilities):
            owner = draft.called if capability is None else f"capability '{capability}' of {draft.called}"
            self._collect_properties(draft, capability, owner, state)
            self._collect_attributes(draft, capability, owner, state)

    def _collect_properties(self, draft: Draft, capability: str | None, owner: str, state: State) -> None:
        given = draft.given(capability)
        schemas = draft.known(capability)
        for name in given:
            if name not in schemas:
                if capability is None or capability in draft.type.capabilities:
                    self._checker.unknown_property(name, schemas, given, owner)
                entry = self._entry(None, given[name], f"property '{name}' of {owner}", value_place(given, name), state)
                self._entries[Slot(draft.name, capability, name)] = entry
        # What the template does not write itself (a capability, a relationship) may lack required properties.
        demanding = bool(given) if capability is not None else draft.is_written
        for name, schema in schemas.items():
            raw = given.get(name)
            if raw is not None or schema.default is not None or (schema.required and demanding):
                at = value_place(given, name, draft.at)
                entry = self._entry(schema, raw, f"property '{name}' of {owner}", at, state)
                self._entries[Slot(draft.name, capability, name)] = entry

    def _collect_attributes(self, draft: Draft, capability: str | None, owner: str, state: State) -> None:
        given = draft.given_attributes(capability)
        schemas = draft.known_attributes(capability)
        for name in (*schemas, *(name for name in given if name not in schemas)):
            if draft.gives_attribute(capability, name):
                at = value_place(given, name, draft.at)
                entry = self._entry(schemas.get(name), given.get(name), f"attribute '{name}' of {owner}", at, state)
                entry.is_attribute = True
                self._entries[Slot(draft.name, capability, name, is_attribute=True)] = entry

    def _entry(self, schema: Schema | None, raw: Any, subject: str, at: Location, state: State) -> _Entry:
        is_default = raw is None and schema is not None
        if schema is not None and is_default:
            raw = schema.default
        bound = evaluate_or_report(parse(raw, self._report, at, self._trust), state, self._report, at)
        return _Entry(schema, bound, _with_input(subject, raw), at, is_default)

    def _order(self) -> list[Slot]:
        graph = {slot: self._needs(entry) for slot, entry in self._entries.items()}
        order, cycles = dependency_order(graph)
        for cycle in cycles:
            names = " -> ".join(".".join(part for part in slot[:3] if part is not None) for slot in cycle)
            at = self._entries[cycle[0]].at
            what = "attributes" if any(slot.is_attribute for slot in cycle) else "properties"
            self._report.add("cycle", f"{what} that refer to each other: {names}", at, "Give one of them a value.")
        return order

    def _needs(self, entry: _Entry) -> list[Slot]:
        if not isinstance(entry.value, (dict, list)):
            return []
        return [slot for name, arguments in calls(entry.value) for slot in _slots(name, arguments)]

    def _lookup(self, arguments: list[Any], at: Location, is_attribute: bool = False) -> Any:
        entity, capability, name, *path = arguments
        slot = Slot(entity, capability, name, is_attribute)
        value = self._settled.get(slot)
        if value is None:
            # Of what is wrong itself, nothing more is said.
            return UNKNOWN if slot in self._wrong else None
        whose = f"'{name}' of '{entity}'" if capability is None else f"'{capability}.{name}' of '{entity}'"
        return follow(value, path, at, whose)

    def _assigned(self, arguments: list[Any], at: Location) -> Any:
        return self._lookup(arguments, at, is_attribute=True)

    def _reflected(self, arguments: list[Any], at: Location) -> Any:
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
        if not entry.is_default:
            value = self._checker.without_empty(value, schema, entry.subject, entry.at)
        if value is None and schema.default is not None:
            return self._checker.default(schema.default, schema, entry.subject, entry.at)
        if value is None and schema.required and not entry.is_attribute:
            self._checker.missing(schema.name, entry.subject, entry.at)
        if entry.is_default:
            return self._checker.default(value, schema, entry.subject, entry.at)
        return self._checker.coerce(value, schema, entry.subject, entry.at)


def _with_input(subject: str, raw: Any) -> str:
    """Return how messages call a value, with the input that it is as a whole: the value was given there."""
    if not isinstance(raw, Mapping) or list(raw) != ["get_input"]:
        return subject
    named = raw["get_input"]
    name = named[0] if isinstance(named, list) and named else named
    return f"{subject} (the input '{name[:80]}')" if isinstance(name, str) else subject


def _slots(function: str, arguments: list[Any]) -> list[Slot]:
    """Return the properties and attributes that a function may mean, among them some that there are none of."""
    if function in (BOUND, REFLECTED):
        return [Slot(*arguments[:3])]
    if function == ASSIGNED:
        entity, capability, name = arguments[:3]
        return [Slot(entity, capability, name, is_attribute=True)]
    # One that could not be bound may have anything for arguments.
    if function != "get_attribute" or not all(isinstance(argument, str) for argument in arguments[:2]):
        return []
    entity, *path = arguments
    found = [Slot(entity, None, path[0], is_attribute=True)]
    deeper = path[1] if len(path) > 1 else None
    return [*found, Slot(entity, path[0], deeper, is_attribute=True)] if isinstance(deeper, str) else found


def _is_whole(call: dict[Any, Any]) -> bool:
    """Say whether a function is a property, or an attribute, as it is."""
    ((name, arguments),) = call[FUNCTION].items()
    return name in _READ and len(arguments) == 3


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
