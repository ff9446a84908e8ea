# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All types that a template may use: TOSCA's own, this collection's, and those that the template brings."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import did_you_mean
from .document import Document, key_place, read, value_place
from .normative import definitions
from .report import Location, Report
from .type_builder import TypeBuilder, section
from .types import PRIMITIVES, Type

PREFIXES = {
    "node_types": "tosca.nodes.",
    "capability_types": "tosca.capabilities.",
    "relationship_types": "tosca.relationships.",
    "data_types": "tosca.datatypes.",
    "artifact_types": "tosca.artifacts.",
    "policy_types": "tosca.policies.",
    "interface_types": "tosca.interfaces.",
    "group_types": "tosca.groups.",
}
_CHECKED = ("data_types", "capability_types", "relationship_types", "node_types", "policy_types")
_SHORT_DATA_TYPES = "tosca.datatypes.network."

COLLECTION = Path(__file__).resolve().parents[3]


class Vocabulary:
    """Definitions by section and name; types are built at their first use and then kept."""

    def __init__(self, parent: Vocabulary | None = None) -> None:
        self._parent = parent
        self._definitions: dict[str, dict[str, Any]] = {kind: {} for kind in PREFIXES}
        self._types: dict[tuple[str, str], Type | None] = {}

    def add(self, document: Document, report: Report) -> None:
        """Take the types that a document defines; what is already built keeps its shape."""
        for kind in PREFIXES:
            for name, definition in section(document.data, kind, f"'{kind}'", report).items():
                if isinstance(definition, Mapping):
                    self._definitions[kind][name] = definition
                else:
                    at = key_place(document.data[kind], name)
                    report.add(
                        "shape",
                        f"the type '{name}' must be a mapping",
                        at,
                        "Write `derived_from: ...` in it.",
                    )

    def add_plain(self, sections: Mapping[str, Any]) -> None:
        """Take types from definitions that are known to be well formed."""
        for kind in PREFIXES:
            self._definitions[kind].update(sections.get(kind) or {})

    def check(self, report: Report) -> None:
        """Build every type of this vocabulary, so that the report has all that is wrong with them."""
        for kind in _CHECKED:
            for name in self._definitions[kind]:
                self._get(kind, name, report)

    def names(self, kind: str) -> list[str]:
        """Return the names of all types of a section."""
        inherited = self._parent.names(kind) if self._parent else []
        return [*self._definitions[kind], *inherited]

    def full_name(self, kind: str, written: Any) -> str | None:
        """Return the full name for a full or short one ("Compute", "tosca:Compute"), None when unknown."""
        if not isinstance(written, str):
            return None
        short = written.removeprefix("tosca:")
        candidates = [written, PREFIXES[kind] + short]
        if kind == "data_types":
            candidates.append(_SHORT_DATA_TYPES + short)
        return next((name for name in candidates if self._definition(kind, name) is not None), None)

    def find(self, kind: str, written: Any, at: Location, report: Report) -> Type | None:
        """Return a type by its full or short name; report it and return None when it is unknown."""
        name = self.full_name(kind, written)
        found = self._get(kind, name, report) if name else None
        if name is None:
            what = kind.replace("_", " ").removesuffix("s")
            shown = "missing" if written is None else f"unknown: '{written}'"
            report.add("unknown-type", f"the {what} is {shown}", at, did_you_mean(written, self.names(kind)))
        return found

    def data_type(self, name: str, report: Report) -> Type | None:
        """Return a data type by its full name."""
        return self._get("data_types", name, report)

    def primitive(self, kind: str) -> str:
        """Return the primitive type under a type: itself, what a data type is made of, or "map"."""
        seen: set[str] = set()
        while kind not in PRIMITIVES and kind not in seen:
            seen.add(kind)
            definition = self._definition("data_types", kind) or {}
            bases = [definition.get("type"), self._parent_name("data_types", definition)]
            kind = next((base for base in bases if isinstance(base, str)), "map")
        return kind if kind in PRIMITIVES else "map"

    def _definition(self, kind: str, name: str) -> Mapping[str, Any] | None:
        found = self._definitions[kind].get(name)
        if found is None and self._parent is not None:
            return self._parent._definition(kind, name)
        return found

    def _get(self, kind: str, name: str, report: Report) -> Type | None:
        if name not in self._definitions[kind] and self._parent is not None:
            return self._parent._get(kind, name, report)
        key = (kind, name)
        if key not in self._types:
            self._types[key] = None
            chain = self._chain(kind, name, report)
            if chain:
                self._types[key] = TypeBuilder(self, report).build(kind, name, chain)
        return self._types[key]

    def _chain(self, kind: str, name: str, report: Report) -> list[tuple[str, Mapping[str, Any]]]:
        chain: list[tuple[str, Mapping[str, Any]]] = []
        link: str | None = name
        while link is not None:
            definition = self._definition(kind, link) or {}
            if any(link == earlier for earlier, _definition in chain):
                path = " -> ".join([*(earlier for earlier, _definition in chain), link])
                report.add(
                    "type-cycle",
                    f"types derived from each other: {path}",
                    value_place(definition, "derived_from"),
                )
                return []
            chain.append((link, definition))
            written = definition.get("derived_from")
            if written is None or (isinstance(written, str) and written in PRIMITIVES):
                return chain
            link = self._parent_name(kind, definition)
            if link is None:
                at = value_place(definition, "derived_from")
                hint = did_you_mean(written, self.names(kind))
                report.add("unknown-type", f"'{chain[-1][0]}' is derived from the unknown type '{written}'", at, hint)
                return []
        return chain

    def _parent_name(self, kind: str, definition: Mapping[str, Any]) -> str | None:
        written = definition.get("derived_from")
        if isinstance(written, str) and written in PRIMITIVES:
            return written
        return self.full_name(kind, written)


def shipped_files(root: Path = COLLECTION) -> list[Path]:
    """Return the files of the collection that define types: the base vocabulary, then each role's own."""
    return [*sorted((root / "tosca").glob("*.yaml")), *sorted((root / "roles").glob("*/meta/tosca.yml"))]


def load_vocabulary(files: Iterable[Path]) -> Vocabulary:
    """Return TOSCA's normative types with those of the files; TemplateError when a file is wrong."""
    vocabulary = Vocabulary()
    vocabulary.add_plain(definitions())
    shipped = Vocabulary(vocabulary)
    report = Report()
    for file in files:
        document = read(file)
        if isinstance(document.data, Mapping):
            shipped.add(document, report)
    shipped.check(report)
    report.raise_errors()
    return shipped


@functools.cache
def default_vocabulary() -> Vocabulary:
    """Return the vocabulary that ships with the collection; read once in a process."""
    return load_vocabulary(shipped_files())
