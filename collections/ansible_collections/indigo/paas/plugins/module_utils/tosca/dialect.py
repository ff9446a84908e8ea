# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How published templates write what TOSCA writes otherwise: what is understood, and as what.

Each function reports what it understood; how severe that is, `report` decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import nearest, slip
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import Map, key_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Type
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import PREFIXES, Vocabulary

VERSIONS = tuple(f"tosca_simple_yaml_1_{minor}" for minor in range(4))
_VERSION = re.compile(r"tosca_simple(?:_profile)?(?:_in)?_yaml_1_([0-3])(?:_[0-9]+)?\Z")
# TOSCA 2.0 and its drafts.
_VERSION_2 = re.compile(r"tosca(?:_simple_yaml)?_2_[0-9_]+\Z")

# Correct English for names that the published types misspell.
_PROPERTIES = {"preemptible_instance": "preemtible_instance"}


def version(written: Any, at: Location, report: Report) -> bool:
    """Report a tosca_definitions_version that cannot be read; say whether it is worth to read on."""
    if written in VERSIONS:
        return True
    folded = re.sub(r"[\s.-]", "_", written.strip().lower()) if isinstance(written, str) else ""
    match = _VERSION.match(folded)
    if match is not None:
        meant = VERSIONS[int(match[1])]
        report.add("misspelt", f"tosca_definitions_version '{written}' is read as {meant}", at, f"Write {meant}.")
        return True
    hint = f"Write one of {', '.join(VERSIONS)}."
    if _VERSION_2.match(folded):
        message = "this is a TOSCA 2.0 file, which is another language: TOSCA Simple Profile 1.0 to 1.3 is read here"
        report.add("version", message, at, f"Write the template in version 1.3. {hint}")
        return False
    shown = f"'{str(written)[:80]}' is not known" if written is not None else "is missing"
    report.add("version", f"tosca_definitions_version {shown}", at, hint)
    return True


def find_type(vocabulary: Vocabulary, kind: str, written: Any, at: Location, report: Report) -> Type | None:
    """Return a type as `Vocabulary.find` does; a name that differs only in case is understood."""
    if isinstance(written, str) and vocabulary.full_name(kind, written) is None:
        folded = {name.lower(): name for name in reversed(vocabulary.names(kind))}
        candidates = [prefix + written.lower() for prefix in ("", PREFIXES[kind])]
        meant = next((folded[name] for name in candidates if name in folded), None)
        if meant is not None:
            report.add("misspelt", f"the type '{written}' is read as {meant}", at, f"Write {meant}.")
            written = meant
    return vocabulary.find(kind, written, at, report)


def properties(given: Mapping[str, Any], known: Collection[str], report: Report) -> Mapping[str, Any]:
    """Return given properties with the well-known misspellings under the name that the type has."""
    wrong = [name for name in _PROPERTIES if name in given and name not in known]
    for name in wrong:
        meant = _PROPERTIES[name]
        if meant in known and meant not in given:
            report.add("misspelt", f"'{name}' is read as '{meant}'", key_place(given, name), f"The type has '{meant}'.")
            given = _renamed(given, name, meant)
    return given


def _renamed(given: Mapping[str, Any], old: str, new: str) -> Mapping[str, Any]:
    result = Map({new if name == old else name: value for name, value in given.items()})
    if isinstance(given, Map):
        result.file, result.line, result.column = given.file, given.line, given.column
        result.marks = {new if name == old else name: mark for name, mark in given.marks.items()}
    return result


def unknown(
    kind: str, name: str, known: Collection[str], given: Collection[str], message: str, at: Location, report: Report
) -> None:
    """Report an unknown name: one that is a known name but for a slip of the pen is an error, any other is kept.

    A known name that is `given` too cannot be what the unknown one was meant to be. `kind` is the problem's, such as
    "unknown-key"; for a stray name it begins with "stray" instead.
    """
    left = [each for each in known if each not in given]
    meant = slip(name, left)
    if meant is not None:
        report.add(kind, message, at, f"Did you mean '{meant}'?")
        return
    near = nearest(name, left)
    hint = "It is kept and has no effect." if near is None else f"It is kept and has no effect. Did you mean '{near}'?"
    report.add(kind.replace("unknown", "stray"), message, at, hint)
