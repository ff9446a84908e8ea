# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All types that a template may use: TOSCA's own, this collection's, and those that the template brings."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import (
    Document,
    Map,
    key_place,
    place,
    read,
    value_place,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.normative import definitions
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import TypeBuilder, section
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import PRIMITIVES, Type

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
# How long a chain of derived types may be, and how much of one that bites its tail is shown.
MAX_DERIVATIONS = 2000
_SHOWN_CYCLE = 20
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
# Where a role has the types that it implements.
ROLE_TYPES = Path("meta", "tosca.yml")


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
        self._faults: dict[tuple[str, str], Sequence[Problem]] = {}
        self._primitives: dict[str, str] = {}
        # Whether a file is missing that might define more: then no type is called unknown.
        self.incomplete = False

    def add(
        self, document: Document, report: Report, prefixes: Collection[str] = (), is_imported: bool = False
    ) -> None:
        """Take the types that a document defines, but not in place of those that are here already.

        What is already built keeps its shape. Each prefix may stand before the names of the types. What is no type in
        an imported file is wrong only where it is used.
        """
        for kind in PREFIXES:
            written = section(document.data, kind, f"'{kind}'", report)
            for name, definition in written.items():
                at = key_place(written, name)
                if isinstance(definition, Mapping):
                    self._take(kind, name, definition, at, bool(prefixes), report)
                    self._aliases[kind].update({f"{prefix}{dot}{name}": name for prefix in prefixes for dot in ".:"})
                else:
                    problem = "unused-type" if is_imported else "shape"
                    message = f"the type '{name}' must be a mapping"
                    report.add(problem, message, at, "Write `derived_from: ...` in it.")

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
            for problem in own.errors if not report.error_count else ():
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

    def own_definitions(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the definitions that are not those of the vocabulary below, by section and name."""
        return self._definitions

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
        found = self.find("interface_types", written, at, report)
        return found.interfaces[found.name] if found is not None else frozenset()

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
        if kind not in self._primitives:
            self._primitives[kind] = self._primitive(kind)
        return self._primitives[kind]

    def _primitive(self, kind: str) -> str:
        seen: set[str] = set()
        while kind not in PRIMITIVES and kind not in seen and len(seen) <= MAX_DERIVATIONS:
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
        owner = self._owner(kind, name)
        if owner is not self:
            return owner._get(kind, name, report)
        key = (kind, name)
        if key not in self._types:
            self._build(kind, name, report)
        report.extend(self._faults.get(key, ()))
        return self._types[key]

    def _owner(self, kind: str, name: str) -> Vocabulary:
        """Return the vocabulary that defines a type, this one when none does."""
        place: Vocabulary | None = self
        while place is not None:
            if name in place._definitions[kind]:
                return place
            place = place._parent
        return self

    def _build(self, kind: str, name: str, report: Report) -> None:
        """Build a type after all that it is derived from, each from the one before it: a chain may be long.

        What is wrong with a type is told of each that is derived from it, and to every template that uses it.
        """
        own = Report(report.severities)
        links, is_whole = self._unbuilt(kind, name, own)
        faults = [*own.errors, *own.warnings]
        for link in reversed(links):
            # Whoever looks for it meanwhile finds nothing.
            self._types[kind, link], self._faults[kind, link] = None, faults
        if is_whole:
            for link in reversed(links):
                self._build_link(kind, link, report)

    def _build_link(self, kind: str, name: str, report: Report) -> None:
        """Build a type whose parent is built."""
        own = Report(report.severities)
        definition = self._definitions[kind][name]
        parent_name = self._parent_name(kind, definition)
        is_root = parent_name is None or parent_name in PRIMITIVES
        parent = None
        inherited: Sequence[Problem] = ()
        if parent_name is not None and not is_root:
            parent = self._get(kind, parent_name, own)
            inherited = self._owner(kind, parent_name)._faults.get((kind, parent_name), ())
        if parent is not None and len(parent.ancestors) >= MAX_DERIVATIONS:
            message = f"the type '{name}' is derived through more than {MAX_DERIVATIONS} others"
            own.add("depth", message, value_place(definition, "derived_from"), "Make the chain shorter.")
        elif is_root or parent is not None:
            self._types[kind, name] = TypeBuilder(self, own).build(kind, name, definition, parent)
        faults = [*own.errors, *own.warnings]
        self._faults[kind, name] = inherited if len(faults) == len(inherited) else faults

    def _unbuilt(self, kind: str, name: str, report: Report) -> tuple[list[str], bool]:
        """Return a type and what it is derived from, as far as this vocabulary has yet to build it.

        The second says whether all of the chain is there; what is wrong with it is reported.
        """
        chain: dict[str, None] = {}
        link = name
        while self._owner(kind, link) is self and (kind, link) not in self._types:
            definition = self._definition(kind, link) or {}
            written = definition.get("derived_from")
            chain[link] = None
            if written is None or (isinstance(written, str) and written in PRIMITIVES):
                break
            at = value_place(definition, "derived_from")
            parent = self._parent_name(kind, definition)
            if parent is None and self.incomplete:
                return list(chain), False
            if parent is None:
                hint = did_you_mean(written, self.names(kind))
                report.add("unknown-type", f"'{link}' is derived from the unknown type '{written}'", at, hint)
                return list(chain), False
            if parent in chain:
                path = " -> ".join([*chain, parent][-_SHOWN_CYCLE:])
                report.add("type-cycle", f"types derived from each other: {path}", at)
                return list(chain), False
            link = parent
        return list(chain), True

    def _parent_name(self, kind: str, definition: Mapping[str, Any]) -> str | None:
        written = definition.get("derived_from")
        if isinstance(written, str) and written in PRIMITIVES:
            return written
        return self.full_name(kind, written)


class ShippedVocabulary(Vocabulary):
    """The types of a collection: those of a role count before those of the base vocabulary, or complete them.

    A definition of a role that is nothing but `interfaces` completes the type of its name: that type is then
    implemented by them alone. A type that is defined twice in any other way is an error.
    """

    def _take(
        self, kind: str, name: str, definition: Mapping[str, Any], at: Location, prefixed: bool, report: Report
    ) -> None:
        of_role = is_of_role(at.file)
        first, _prefixed = self._taken.get((kind, name), (None, False))
        if first is not None and not (of_role and not is_of_role(first.file)):
            message = f"the type '{name}' is in '{first.file}' too"
            report.add("twice-shipped", message, at, "One file defines a type, one role implements it: remove one.")
            return
        if of_role and definition.keys() == {"interfaces"}:
            base = self._definition(kind, name)
            if base is None:
                message = f"there is no type '{name}' that its interfaces could complete"
                report.add("unknown-type", message, at, did_you_mean(name, self.names(kind)))
                return
            definition = Map({**base, **definition}, base if isinstance(base, Map) else None)
        self._definitions[kind][name] = definition
        self._taken[kind, name] = (at, prefixed)


def is_of_role(file: str | None) -> bool:
    """Say whether a file holds the types of a role."""
    return file is not None and Path(file).parts[-2:] == ROLE_TYPES.parts


def spellings(kind: str, name: str) -> list[str]:
    """Return all ways in which a template may write the name of a type, its full name first."""
    names = [name, *(other for other, meant in _RENAMED.get(kind, {}).items() if meant == name)]
    prefixes = (PREFIXES[kind], *_LONGER_PREFIXES.get(kind, ()))
    ends = [each.removeprefix(prefix) for each in names for prefix in prefixes if each.startswith(prefix)]
    return list(dict.fromkeys([*names, *ends, *(f"tosca:{end}" for end in ends or names)]))


def shipped_files(root: Path = COLLECTION) -> list[Path]:
    """Return the files of the collection that define types: the base vocabulary, then each role's own."""
    return [*sorted((root / "tosca").glob("*.yaml")), *sorted((root / "roles").glob(f"*/{ROLE_TYPES}"))]


def load_vocabulary(files: Iterable[Path], check: bool = True) -> Vocabulary:
    """Return TOSCA's normative types with those of the files; TemplateError when a file is wrong.

    Without `check` a file must only be a mapping of sections; what is wrong with a type is told when it is used.
    """
    vocabulary = Vocabulary()
    vocabulary.add_plain(definitions())
    shipped = ShippedVocabulary(vocabulary)
    report = Report()
    for file in sorted(files, key=lambda file: is_of_role(str(file))):
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
