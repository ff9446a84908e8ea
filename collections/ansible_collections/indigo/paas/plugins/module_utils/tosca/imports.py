# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types that a template brings or imports; nothing here fetches from a network.

What a template imports that is no file (a text, an archive, a URL) a resolver may find: a function of what the import
names and of the importer's name, that returns the name and the text of the file, or None when there is none. It may
raise TemplateError; one without a file is about the import itself.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import dialect
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import (
    Document,
    key_place,
    parse,
    place,
    read,
    value_place,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import PREFIXES, Vocabulary

# Every branch of the published type files stands for the vocabulary that ships with the collection.
_PUBLISHED = re.compile(
    r"https?://(raw\.githubusercontent\.com|github\.com)/"
    r"(indigo-dc/tosca-types|dodas-(apps|ts)/(dodas-apps|dodas-templates))/.+\Z",
    re.IGNORECASE,
)
URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
MAX_FILES = 100

# What a file of TOSCA may have at its top.
FILE_KEYS = frozenset(PREFIXES) | {
    "tosca_definitions_version",
    "tosca_default_namespace",
    "namespace",
    "template_name",
    "template_author",
    "template_version",
    "description",
    "metadata",
    "dsl_definitions",
    "repositories",
    "imports",
    "topology_template",
}

Resolver = Callable[[str, str], "tuple[str, str | bytes] | None"]


def gather_types(
    document: Document, shipped: Vocabulary, report: Report, resolver: Resolver | None = None
) -> Vocabulary:
    """Return the shipped vocabulary with the types of the document and of all that it imports.

    Of types with one name that of the importer counts, then that of the import which is written first. The types of
    the document itself are checked here; those of other files are when they are used (see `Vocabulary.check_unused`).
    """
    files = _Files(report, resolver)
    files.gather(document)
    vocabulary = Vocabulary(shipped)
    vocabulary.incomplete = files.incomplete
    for found in files.documents:
        vocabulary.add(found, report, files.prefixes(found), is_imported=found is not document)
    vocabulary.check(report, document.file)
    return vocabulary


def with_imports(document: Document, report: Report, resolver: Resolver | None = None) -> list[Document]:
    """Return a template and each file that it imports, or that these import, once."""
    files = _Files(report, resolver)
    files.gather(document)
    return files.documents


class _Files:
    """A document and what it imports, each once, importers first."""

    def __init__(self, report: Report, resolver: Resolver | None) -> None:
        self._report = report
        self._resolver = resolver
        self._prefixes: dict[str, list[str]] = {}
        self.documents: list[Document] = []
        # Whether an import could not be read.
        self.incomplete = False

    def prefixes(self, document: Document) -> list[str]:
        """Return what may stand before the names of the types of a document."""
        return self._prefixes[_identity(document)]

    def gather(self, document: Document) -> None:
        """Read all that a document imports, and what that imports."""
        self._add(document, None)
        for current in self.documents:
            for target, prefix, at in _targets(current.data, self._report):
                imported = _open(target, at, current, self._report, self._resolver)
                if imported is not None:
                    self._add(imported, prefix)
                elif not is_published(target):
                    self.incomplete = True
            if len(self.documents) > MAX_FILES:
                message = f"more than {MAX_FILES} files are imported"
                self._report.add("import", message, place(current.data), "Join some.")
                self.incomplete = True
                return

    def _add(self, document: Document, prefix: str | None) -> None:
        identity = _identity(document)
        if identity not in self._prefixes:
            self._prefixes[identity] = []
            if self.documents:
                _check_head(document, self._report)
            self.documents.append(document)
        if prefix is not None:
            self._prefixes[identity].append(prefix)


def _check_head(document: Document, report: Report) -> None:
    """Report what an imported file should not have at its top."""
    data = document.data
    at = value_place(data, "tosca_definitions_version")
    if "tosca_definitions_version" not in data:
        hint = f"Write one of {', '.join(dialect.VERSIONS)}."
        report.add("versionless", "tosca_definitions_version is missing", Location(document.file, 1, 1), hint)
    elif not dialect.version(data["tosca_definitions_version"], at, report):
        return
    for key in data:
        if key not in FILE_KEYS:
            message = f"'{posixpath.basename(document.file)}' has the unknown key '{key}'"
            dialect.unknown("unknown-key", key, FILE_KEYS, data, message, key_place(data, key), report)


def _identity(document: Document) -> str:
    return str(document.path.resolve()) if document.path else document.file


def _targets(data: Mapping[str, Any], report: Report) -> Iterator[tuple[str, str | None, Location]]:
    """Yield what each import names, its namespace_prefix, and its place."""
    written = data.get("imports")
    at = value_place(data, "imports")
    if written is None:
        return
    if not isinstance(written, list):
        report.add("shape", "'imports' must be a list", at, "Begin each import with `- `.")
        return
    for index, entry in enumerate(written):
        target = _target(entry, data.get("repositories"))
        if target is None:
            report.add("shape", "an import must name a file", value_place(written, index), "Write `- types.yaml`.")
        else:
            yield target, _namespace(entry, report), value_place(written, index)


def is_published(target: str) -> bool:
    """Say whether an import is one of the published INDIGO and DODAS type files, which ship with the collection."""
    return _PUBLISHED.match(target.strip()) is not None


def _target(entry: Any, repositories: Any) -> str | None:
    """Return the file of an import: "x", {name: "x"}, {file: "x", ...} or {name: {file: "x"}}."""
    body = entry
    if isinstance(entry, Mapping):
        named = entry.get("file") if "file" in entry else next(iter(entry.values()), None)
        body = named if isinstance(named, Mapping) else entry
        entry = named.get("file") if isinstance(named, Mapping) else named
    if not isinstance(entry, str) or not entry:
        return None
    base = _repository(body.get("repository"), repositories) if isinstance(body, Mapping) else None
    return f"{base.rstrip('/')}/{entry.lstrip('/')}" if base and not URL.match(entry) else entry


def _repository(name: Any, repositories: Any) -> str | None:
    """Return the URL of a repository of the template."""
    found = repositories.get(name) if isinstance(repositories, Mapping) and isinstance(name, str) else None
    url = found.get("url") if isinstance(found, Mapping) else found
    return url if isinstance(url, str) else None


def _namespace(entry: Any, report: Report) -> str | None:
    bodies = [entry, *entry.values()] if isinstance(entry, Mapping) else []
    body = next((body for body in bodies if isinstance(body, Mapping) and "namespace_prefix" in body), None)
    if body is None:
        return None
    prefix = body["namespace_prefix"]
    if isinstance(prefix, str) and prefix.strip() and prefix != "tosca":
        return prefix
    message = f"'{str(prefix)[:80]}' cannot be a namespace_prefix"
    hint = "'tosca' is TOSCA's own." if prefix == "tosca" else "Write a name."
    report.add("shape", message, value_place(body, "namespace_prefix"), hint)
    return None


def _open(target: str, at: Location, importer: Document, report: Report, resolver: Resolver | None) -> Document | None:
    if is_published(target):
        return None
    if importer.path is None and resolver is not None:
        return _resolve(target, at, importer, report, resolver)
    if URL.match(target):
        hint = "Nothing is fetched from a network: save the file beside the template and import it by its name."
        report.add("import", f"import not found: '{target}' is not a published INDIGO type file", at, hint)
        return None
    if importer.path is None:
        hint = "Save the template as a file, so that its imports can be found beside it."
        report.add("import", f"import not found: '{target}'", at, hint)
        return None
    return _open_file(importer.path.parent / target, target, at, report)


def _resolve(target: str, at: Location, importer: Document, report: Report, resolver: Resolver) -> Document | None:
    try:
        found = resolver(target, importer.file)
        document = Document(parse(found[1], found[0]), found[0]) if found is not None else None
    except TemplateError as error:
        report.extend(
            [
                problem if problem.file else replace(problem, file=at.file, line=at.line, column=at.column)
                for problem in error.problems
            ]
        )
        return None
    if document is None:
        report.add("import", f"import not found: '{target}'", at, f"There is none beside '{importer.file}'.")
        return None
    return _types_of(document, report)


def _open_file(path: Path, target: str, at: Location, report: Report) -> Document | None:
    try:
        document = read(path)
    except TemplateError as error:
        missing = any(problem.message == "there is no such file" for problem in error.problems)
        if missing:
            report.add("import", f"import not found: '{target}'", at, f"There is no file '{path}'.")
        else:
            report.extend(error.problems)
        return None
    return _types_of(document, report)


def _types_of(document: Document, report: Report) -> Document | None:
    if not isinstance(document.data, Mapping):
        report.add("shape", "this file holds no types", Location(document.file), "Write `node_types:` in it.")
        return None
    return document
