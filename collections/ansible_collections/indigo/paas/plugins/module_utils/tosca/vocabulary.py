# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All types that a template may use: TOSCA's own, this collection's, and those that the template brings."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import Problem, did_you_mean
from .document import Document, key_place, place, read, value_place
from .interfaces import operation_names
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
# What else a short name may leave out.
_LONGER_PREFIXES = {
    "node_types": ("tosca.nodes.network.",),
    "capability_types": ("tosca.capabilities.network.",),
    "relationship_types": ("tosca.relationships.network.",),
    "artifact_types": ("tosca.artifacts.Implementation.",),
    "data_types": ("tosca.datatypes.network.",),
    "interface_types": ("tosca.interfaces.node.lifecycle.", "tosca.interfaces.relationship."),
}

# Names of one type in different versions of the standard.
_RENAMED = {
    "node_types": {
        "tosca.nodes.Storage.BlockStorage": "tosca.nodes.BlockStorage",
        "tosca.nodes.Storage.ObjectStorage": "tosca.nodes.ObjectStorage",
        "tosca.nodes.AbstractStorage": "tosca.nodes.Abstract.Storage",
        "tosca.nodes.AbstractCompute": "tosca.nodes.Abstract.Compute",
    }
}

COLLECTION = Path(__file__).resolve().parents[3]


class Vocabulary:
    """Definitions by section and name; types are built at their first use and then kept."""

    def __init__(self, parent: Vocabulary | None = None) -> None:
        self._parent = parent
        self._definitions: dict[str, dict[str, Any]] = {kind: {} for kind in PREFIXES}
        # The full names of types whose file is imported with a namespace_prefix.
        self._aliases: dict[str, dict[str, str]] = {kind: {} for kind in PREFIXES}
        # Where each definition is, and whether a namespace_prefix is before its name.
        self._taken: dict[tuple[str, str], tuple[Location, bool]] = {}
        self._types: dict[tuple[str, str], Type | None] = {}
        self._faults: dict[tuple[str, str], list[Problem]] = {}
        # Whether a file is missing that might define more: then no type is called unknown.
        self.incomplete = False

    def add(self, document: Document, report: Report, prefixes: Collection[str] = ()) -> None:
        """Take the types that a document defines, but not in place of those that are here already.

        What is already built keeps its shape. Each prefix may stand before the names of the types.
        """
        for kind in PREFIXES:
            written = section(document.data, kind, f"'{kind}'", report)
            for name, definition in written.items():
                at = key_place(written, name)
                if isinstance(definition, Mapping):
                    self._take(kind, name, definition, at, bool(prefixes), report)
                    self._aliases[kind].update({f"{prefix}{dot}{name}": name for prefix in prefixes for dot in ".:"})
                else:
                    report.add("shape", f"the type '{name}' must be a mapping", at, "Write `derived_from: ...` in it.")

    def _take(
        self, kind: str, name: str, definition: Mapping[str, Any], at: Location, prefixed: bool, report: Report
    ) -> None:
        first = self._definitions[kind].setdefault(name, definition)
        if first is definition:
            self._taken[kind, name] = (at, prefixed)
        elif first != definition:
            place_of_first, first_prefixed = self._taken[kind, name]
            message = f"the type '{name}' is in '{at.file}' too, otherwise"
            if prefixed or first_prefixed:
                hint = "A namespace_prefix does not keep them apart here: rename one."
                report.add("type-conflict", message, place_of_first, hint)
            else:
                report.add("duplicate-type", message, place_of_first, "This one counts: rename or remove one.")

    def add_plain(self, sections: Mapping[str, Any]) -> None:
        """Take types from definitions that are known to be well formed."""
        for kind in PREFIXES:
            self._definitions[kind].update(sections.get(kind) or {})

    def check(self, report: Report, file: str | None = None) -> None:
        """Build every type of this vocabulary, so that the report has all that is wrong with them.

        Of one file only, when that is given.
        """
        for kind in _CHECKED:
            for name in self._definitions[kind]:
                if file is None or self.file_of(kind, name) == file:
                    self._get(kind, name, report)

    def check_unused(self, report: Report) -> None:
        """Report what is wrong with the types that nothing has used so far: it does no harm."""
        unused = [(kind, name) for kind in _CHECKED for name in self._definitions[kind]]
        for kind, name in [key for key in unused if key not in self._types]:
            own = Report()
            self._get(kind, name, own)
            for problem in own.errors if not report.errors else ():
                at = Location(problem.file, problem.line, problem.column)
                hint = "Nothing uses the type, so this does no harm. Correct or remove it."
                report.add("unused-type", problem.message, at, hint)

    def names(self, kind: str) -> list[str]:
        """Return the names of all types of a section."""
        inherited = self._parent.names(kind) if self._parent else []
        return [*self._definitions[kind], *inherited]

    def own_names(self, kind: str) -> list[str]:
        """Return the names of the types of a section that this vocabulary adds, in the order of their files."""
        return list(self._definitions[kind])

    def file_of(self, kind: str, name: str) -> str | None:
        """Return the file that defines a type, None for TOSCA's own types."""
        return place(self._definition(kind, name)).file

    def full_name(self, kind: str, written: Any) -> str | None:
        """Return the full name for a full or short one ("Compute", "tosca:Compute"), None when unknown.

        A name may also begin with the namespace_prefix of the file that defines the type.
        """
        if not isinstance(written, str):
            return None
        short = written.removeprefix("tosca:")
        prefixes = (PREFIXES[kind], *_LONGER_PREFIXES.get(kind, ()))
        candidates = [written, *(prefix + short for prefix in prefixes), self._aliases[kind].get(written, written)]
        renamed = _RENAMED.get(kind, {})
        candidates += [renamed[name] for name in candidates if name in renamed]
        return next((name for name in candidates if self._definition(kind, name) is not None), None)

    def find(self, kind: str, written: Any, at: Location, report: Report) -> Type | None:
        """Return a type by its full or short name; report it and return None when it is unknown."""
        name = self._known_name(kind, written, at, report)
        return self._get(kind, name, report) if name is not None else None

    def operations_of(self, written: Any, at: Location, report: Report) -> frozenset[str]:
        """Return the names of the operations of an interface type; report it when it is unknown."""
        name = self._known_name("interface_types", written, at, report)
        chain = self._chain("interface_types", name, report) if name is not None else []
        return frozenset(operation for _link, definition in chain for operation in operation_names(definition))

    def _known_name(self, kind: str, written: Any, at: Location, report: Report) -> str | None:
        name = self.full_name(kind, written)
        if name is None and not (self.incomplete and written is not None):
            what = kind.replace("_", " ").removesuffix("s")
            shown = "missing" if written is None else f"unknown: '{written}'"
            report.add("unknown-type", f"the {what} is {shown}", at, did_you_mean(written, self.names(kind)))
        return name

    def data_type(self, name: str, report: Report) -> Type | None:
        """Return a data type by its full name, None when there is none."""
        return self._get("data_types", name, report) if self._definition("data_types", name) is not None else None

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
            self._types[key], self._faults[key] = self._built(kind, name, report)
        report.extend(self._faults.get(key, []))
        return self._types[key]

    def _built(self, kind: str, name: str, report: Report) -> tuple[Type | None, list[Problem]]:
        """Return a type and what is wrong with it, which every template that uses the type is told."""
        own = Report(report.severities)
        chain = self._chain(kind, name, own)
        built = TypeBuilder(self, own).build(kind, name, chain) if chain else None
        return built, [*own.errors, *own.warnings]

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
            if link is None and self.incomplete:
                return []
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


def load_vocabulary(files: Iterable[Path], check: bool = True) -> Vocabulary:
    """Return TOSCA's normative types with those of the files; TemplateError when a file is wrong.

    Without `check` a file must only be a mapping of sections; what is wrong with a type is told when it is used.
    """
    vocabulary = Vocabulary()
    vocabulary.add_plain(definitions())
    shipped = Vocabulary(vocabulary)
    report = Report()
    for file in files:
        document = read(file)
        if isinstance(document.data, Mapping):
            shipped.add(document, report)
    if check:
        shipped.check(report)
    report.raise_errors()
    return shipped


@functools.cache
def default_vocabulary() -> Vocabulary:
    """Return the vocabulary that ships with the collection; read once in a process.

    A template uses few of its types, so each is built when it is used.
    """
    return load_vocabulary(shipped_files(), check=False)
