# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values held against the schema that a type gives them, and brought to the type where that loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ansible_collections.indigo.paas.plugins.module_utils.tosca import dialect
from ansible_collections.indigo.paas.plugins.module_utils.tosca.converters import (
    comparable,
    convert,
    is_natural,
    spelled,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import MAX_DEPTH, key_place, value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import (
    SELF,
    Call,
    holds_function,
    is_call,
    is_self,
    plain,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.jinja import is_jinja
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import NOWHERE, Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import (
    PRIMITIVES,
    UNKNOWN_TYPE,
    Check,
    Schema,
    Type,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.yaml_scalars import scalar_text


class DataTypes(Protocol):
    """Knows data types: a vocabulary, or what a plan keeps of one."""

    def data_type(self, name: str, report: Report) -> Type | None:
        """Return a data type by its full name, None when there is none."""


class Values:
    """Checks values; what is wrong goes to the report, with the value's place."""

    def __init__(self, vocabulary: DataTypes, report: Report) -> None:
        self._vocabulary = vocabulary
        self._report = report

    def coerce(self, value: Any, schema: Schema, subject: str, at: Location, depth: int = 0) -> Any:
        """Return the value as plain data of the schema's type; None and unknown functions as they are.

        `subject` is how a message calls the value, such as "property 'size' of 'disk'".
        """
        if value is None or is_jinja(value):
            return value
        if is_call(value):
            return _of_all_machines(value) if schema.type == "list" else value
        if depth > MAX_DEPTH:
            called = subject if len(subject) <= 80 else f"...{subject[-77:]}"
            self._report.add("depth", f"{called} is nested too deep", at, "It may have a default that contains itself.")
            return None
        if schema.type not in PRIMITIVES:
            result = self._coerce_data(value, schema, subject, at, depth)
        else:
            result = self._coerce_primitive(value, schema, subject, at, depth)
        if result is not None:
            self._check(result, schema.type, schema.checks, subject, at)
        return result

    def given(self, value: Any, schema: Schema, subject: str, at: Location) -> Any:
        """Return a value that is given as `coerce` does; an empty text for what is none is taken for nothing."""
        value = self.without_empty(value, schema, subject, at)
        if value is None and schema.required:
            self.missing(schema.name, subject, at)
        return self.coerce(value, schema, subject, at)

    def without_empty(self, value: Any, schema: Schema, subject: str, at: Location) -> Any:
        """Return None for an empty text where the schema takes no text, which is told; else the value."""
        if value != "" or self.takes_text(schema):
            return value
        self._report.add("empty-text", f"{subject}: '' is no {schema.type}", at, "It is taken for nothing.")
        return None

    def missing(self, name: str, subject: str, at: Location, kind: str = "missing-property") -> None:
        """Report that what is required is not given."""
        self._report.add(kind, f"{subject} is required", at, f"Add `{name}:` with a value.")

    def takes_text(self, schema: Schema) -> bool:
        """Say whether a value of the schema may be a text of any kind."""
        if schema.type == UNKNOWN_TYPE:
            return True
        data_type = None if schema.type in PRIMITIVES else self._vocabulary.data_type(schema.type, self._report)
        return (schema.type if data_type is None else data_type.base) == "string"

    def default(self, value: Any, schema: Schema, subject: str, at: Location, depth: int = 0, used: bool = True) -> Any:
        """Return a default as `coerce` does.

        One that does not fit is an error, but a leniency where nothing is lost by it: an empty text, which
        templates write for "nothing", is kept; one that is not `used` only lacks in correctness.
        """
        trial = Values(self._vocabulary, Report(self._report.severities))
        result = trial.coerce(value, schema, subject, at, depth)
        faults = trial._report.errors
        if not faults or (used and value != ""):
            self._report.extend([*trial._report.warnings, *faults])
            return result
        place = Location(faults[0].file, faults[0].line, faults[0].column)
        hint = "It is taken for nothing. Correct it." if used else "A value is given, so it does not count. Correct it."
        self._report.add("bad-default", faults[0].message, place, hint)
        return plain(value)

    def constant(
        self, value: Any, schema: Schema, subject: str, at: Location, depth: int = 0, used: bool = True
    ) -> Any:
        """Return a default as `default` does, where no function is evaluated: of inputs, and fields of data types."""
        if not holds_function(value):
            return self.default(value, schema, subject, at, depth, used)
        hint = "Write a value here, and the function where this is read."
        message = f"{subject} is a function, which has no value there"
        self._report.add("function-default" if used else "bad-default", message, at, hint)
        return None

    def _coerce_primitive(self, value: Any, schema: Schema, subject: str, at: Location, depth: int) -> Any:
        if schema.type == "list":
            return self._coerce_list(value, schema, subject, at, depth)
        if schema.type == "map":
            return self._coerce_map(value, schema, subject, at, depth)
        meant = spelled(schema.type, value)
        if meant != value:
            self._report.add("unit", f"{subject}: {shown(value)} is read as {meant}", at, f"Write {meant}.")
        try:
            result = convert(schema.type, meant)
        except ValueError as error:
            self._report.add("wrong-type", f"{subject}: {shown(value)} is not {error}", at, _remedy(schema.type))
            return None
        if not (self._report.ignores("coerced") or is_natural(schema.type, meant)):
            hint = "Write it as a value of that type."
            self._report.add("coerced", f"{subject}: {shown(value)} is no {schema.type}", at, hint)
        return result

    def _coerce_list(self, value: Any, schema: Schema, subject: str, at: Location, depth: int) -> list[Any] | None:
        if not isinstance(value, list):
            self._wrong(value, "a list", subject, at, "Write it as [ one, two ].")
            return None
        if schema.entry is None:
            return [plain(item) for item in value]
        return [
            self.coerce(item, schema.entry, f"item {index} of {subject}", value_place(value, index, at), depth + 1)
            for index, item in enumerate(value)
        ]

    def _coerce_map(self, value: Any, schema: Schema, subject: str, at: Location, depth: int) -> dict[Any, Any] | None:
        if not isinstance(value, Mapping):
            self._wrong(value, "a map", subject, at, "Write it as { name: value }.")
            return None
        if schema.key is not None:
            for key in value:
                self.coerce(key, schema.key, f"key '{key}' of {subject}", key_place(value, key), depth + 1)
        if schema.entry is None:
            return {str(key): plain(item) for key, item in value.items()}
        return {
            key: self.coerce(item, schema.entry, f"'{key}' of {subject}", value_place(value, key, at), depth + 1)
            for key, item in value.items()
        }

    def _coerce_data(self, value: Any, schema: Schema, subject: str, at: Location, depth: int) -> Any:
        data_type = self._vocabulary.data_type(schema.type, self._report)
        if data_type is None:
            return plain(value)
        if data_type.base is None:
            return self._coerce_fields(value, data_type, subject, at, depth)
        base = Schema(schema.name, data_type.base, entry=schema.entry, key=schema.key)
        result = self.coerce(value, base, subject, at, depth + 1)
        if result is not None:
            self._check(result, data_type.base, data_type.checks, subject, at)
        return result

    def _coerce_fields(
        self, value: Any, data_type: Type, subject: str, at: Location, depth: int
    ) -> dict[Any, Any] | None:
        if not isinstance(value, Mapping):
            self._wrong(value, f"a map of the fields of {data_type.name}", subject, at, None)
            return None
        result = {}
        for key, item in value.items():
            schema = data_type.properties.get(key)
            if schema is None:
                self.unknown_property(key, data_type.properties, value, subject)
                result[key] = plain(item)
            else:
                result[key] = self.coerce(item, schema, f"'{key}' of {subject}", value_place(value, key, at), depth + 1)
        for name, schema in data_type.properties.items():
            if result.get(name) is None and schema.default is not None:
                result[name] = self.constant(schema.default, schema, f"'{name}' of {subject}", schema.at, depth + 1)
            elif name not in result and schema.required:
                self._report.add("missing-property", f"{subject} lacks '{name}'", at, f"Add `{name}:` to it.")
        return result

    def unknown_property(self, name: str, known: Mapping[str, Any], given: Mapping[str, Any], subject: str) -> None:
        """Report a property that the type does not have; `given` is the mapping that has it."""
        message = f"{subject} has no property '{name}'"
        dialect.unknown("unknown-property", name, known, given, message, key_place(given, name), self._report)

    def _wrong(self, value: Any, wanted: str, subject: str, at: Location, hint: str | None) -> None:
        self._report.add("wrong-type", f"{subject}: {shown(value)} is not {wanted}", at, hint)

    def _check(self, value: Any, kind: str, checks: tuple[Check, ...], subject: str, at: Location) -> None:
        compared = comparable(kind, value) if checks else value
        for check in checks:
            fault = check(compared)
            if fault is not None:
                self._report.add("constraint", f"{subject}: {shown(value)} {fault}", at, "Choose a value within it.")


def _of_all_machines(call: dict[Any, Any]) -> dict[Any, Any]:
    """Return a call for a list: the addresses of the HOST without an index are those of all its machines."""
    ((name, arguments),) = call[next(iter(call))].items()
    if name != "get_attribute" or len(arguments) != 2 or not is_self(arguments[0]):
        return call
    return Call(name, [arguments[0][SELF], arguments[1]], getattr(call, "at", NOWHERE))


def shown(value: Any) -> str:
    """Return a value, shortened, as a message shows it."""
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, list):
        return "a list"
    text = scalar_text(value) if isinstance(value, (str, int, float)) else str(value)
    return f"'{text if len(text) <= 80 else text[:77] + '...'}'"


def _remedy(kind: str) -> str:
    examples = {
        "integer": "4",
        "float": "0.5",
        "boolean": "true",
        "scalar-unit.size": "2 GB",
        "scalar-unit.bitrate": "10 Mbps",
        "version": "13",
    }
    return f"Give a value such as {examples[kind]}." if kind in examples else "Correct the value."
