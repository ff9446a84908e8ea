# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values held against the schema that a type gives them, and brought to the type where that loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import did_you_mean
from .converters import comparable, convert
from .document import MAX_DEPTH, key_place, value_place
from .functions import is_call, plain
from .report import Location, Report
from .types import PRIMITIVES, Check, Schema, Type
from .vocabulary import Vocabulary
from .yaml_scalars import scalar_text


class Values:
    """Checks values; what is wrong goes to the report, with the value's place."""

    def __init__(self, vocabulary: Vocabulary, report: Report) -> None:
        self._vocabulary = vocabulary
        self._report = report

    def coerce(self, value: Any, schema: Schema, subject: str, at: Location, depth: int = 0) -> Any:
        """Return the value as plain data of the schema's type; None and unknown functions as they are.

        `subject` is how a message calls the value, such as "property 'size' of 'disk'".
        """
        if value is None or is_call(value):
            return value
        if depth > MAX_DEPTH:
            self._report.add("depth", f"{subject} is nested too deep", at)
            return None
        if schema.type not in PRIMITIVES:
            result = self._coerce_data(value, schema, subject, at, depth)
        else:
            result = self._coerce_primitive(value, schema, subject, at, depth)
        if result is not None:
            self._check(result, schema.type, schema.checks, subject, at)
        return result

    def _coerce_primitive(self, value: Any, schema: Schema, subject: str, at: Location, depth: int) -> Any:
        if schema.type == "list":
            return self._coerce_list(value, schema, subject, at, depth)
        if schema.type == "map":
            return self._coerce_map(value, schema, subject, at, depth)
        try:
            return convert(schema.type, value)
        except ValueError as error:
            self._report.add("wrong-type", f"{subject}: {shown(value)} is not {error}", at, _remedy(schema.type))
            return None

    def _coerce_list(self, value: Any, schema: Schema, subject: str, at: Location, depth: int) -> list | None:
        if not isinstance(value, list):
            self._wrong(value, "a list", subject, at, "Write it as [ one, two ].")
            return None
        if schema.entry is None:
            return plain(value)
        return [
            self.coerce(item, schema.entry, f"item {index} of {subject}", value_place(value, index, at), depth + 1)
            for index, item in enumerate(value)
        ]

    def _coerce_map(self, value: Any, schema: Schema, subject: str, at: Location, depth: int) -> dict | None:
        if not isinstance(value, Mapping):
            self._wrong(value, "a map", subject, at, "Write it as { name: value }.")
            return None
        if schema.key is not None:
            for key in value:
                self.coerce(key, schema.key, f"key '{key}' of {subject}", key_place(value, key), depth + 1)
        if schema.entry is None:
            return plain(value)
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

    def _coerce_fields(self, value: Any, data_type: Type, subject: str, at: Location, depth: int) -> dict | None:
        if not isinstance(value, Mapping):
            self._wrong(value, f"a map of the fields of {data_type.name}", subject, at, None)
            return None
        result = {}
        for key, item in value.items():
            schema = data_type.properties.get(key)
            if schema is None:
                self.unknown_property(key, data_type.properties, subject, key_place(value, key))
                result[key] = plain(item)
            else:
                result[key] = self.coerce(item, schema, f"'{key}' of {subject}", value_place(value, key, at), depth + 1)
        for name, schema in data_type.properties.items():
            if result.get(name) is None and schema.default is not None:
                result[name] = self.coerce(schema.default, schema, f"'{name}' of {subject}", schema.at, depth + 1)
            elif name not in result and schema.required:
                self._report.add("missing-property", f"{subject} lacks '{name}'", at, f"Add `{name}:` to it.")
        return result

    def unknown_property(self, name: str, known: Mapping[str, Any], subject: str, at: Location) -> None:
        """Report a property that the type does not have."""
        hint = did_you_mean(name, known, what="properties")
        self._report.add("unknown-property", f"{subject} has no property '{name}'", at, hint)

    def _wrong(self, value: Any, wanted: str, subject: str, at: Location, hint: str | None) -> None:
        self._report.add("wrong-type", f"{subject}: {shown(value)} is not {wanted}", at, hint)

    def _check(self, value: Any, kind: str, checks: tuple[Check, ...], subject: str, at: Location) -> None:
        compared = comparable(kind, value) if checks else value
        for check in checks:
            fault = check(compared)
            if fault is not None:
                self._report.add("constraint", f"{subject}: {shown(value)} {fault}", at, "Choose a value within it.")


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
        "version": "13",
    }
    return f"Give a value such as {examples[kind]}." if kind in examples else "Correct the value."
