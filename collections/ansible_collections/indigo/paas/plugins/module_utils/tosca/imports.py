# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types that a template brings or imports; nothing is ever fetched from a network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import TemplateError
from .document import Document, place, read, value_place
from .report import Location, Report
from .vocabulary import Vocabulary

# Every branch of the published type files stands for the vocabulary that ships with the collection.
_PUBLISHED = re.compile(
    r"https?://(raw\.githubusercontent\.com|github\.com)/"
    r"(indigo-dc/tosca-types|dodas-(apps|ts)/(dodas-apps|dodas-templates))/.+\Z",
    re.IGNORECASE,
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
MAX_FILES = 100


def gather_types(document: Document, shipped: Vocabulary, report: Report) -> Vocabulary:
    """Return the shipped vocabulary with the types of the document and of all that it imports."""
    vocabulary = Vocabulary(shipped)
    waiting = [document]
    seen = {_identity(document)}
    while waiting:
        current = waiting.pop()
        vocabulary.add(current, report)
        for target, at in _targets(current.data, report):
            imported = _open(target, at, current, report)
            if imported is not None and _identity(imported) not in seen:
                seen.add(_identity(imported))
                waiting.append(imported)
        if len(seen) > MAX_FILES:
            report.add("import", f"more than {MAX_FILES} files are imported", place(current.data), "Join some.")
            break
    vocabulary.check(report)
    return vocabulary


def _identity(document: Document) -> str:
    return str(document.path.resolve()) if document.path else document.file


def _targets(data: Mapping[str, Any], report: Report) -> Iterator[tuple[str, Location]]:
    written = data.get("imports")
    at = value_place(data, "imports")
    if written is None:
        return
    if not isinstance(written, list):
        report.add("shape", "'imports' must be a list", at, "Begin each import with `- `.")
        return
    for index, entry in enumerate(written):
        target = _target(entry)
        if target is None:
            report.add("shape", "an import must name a file", value_place(written, index), "Write `- types.yaml`.")
        else:
            yield target, value_place(written, index)


def _target(entry: Any) -> str | None:
    """Return the file of an import: "x", {name: "x"}, {file: "x", ...} or {name: {file: "x"}}."""
    if isinstance(entry, Mapping):
        named = entry.get("file") if "file" in entry else next(iter(entry.values()), None)
        entry = named.get("file") if isinstance(named, Mapping) else named
    return entry if isinstance(entry, str) and entry else None


def _open(target: str, at: Location, importer: Document, report: Report) -> Document | None:
    if _PUBLISHED.match(target):
        return None
    if _URL.match(target):
        hint = "Nothing is fetched from a network: save the file beside the template and import it by its name."
        report.add("import", f"import not found: '{target}' is not a published INDIGO type file", at, hint)
        return None
    if importer.path is None:
        hint = "Save the template as a file, so that its imports can be found beside it."
        report.add("import", f"import not found: '{target}'", at, hint)
        return None
    return _open_file(importer.path.parent / target, target, at, report)


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
    if not isinstance(document.data, Mapping):
        report.add("shape", "this file holds no types", Location(document.file), "Write `node_types:` in it.")
        return None
    return document
