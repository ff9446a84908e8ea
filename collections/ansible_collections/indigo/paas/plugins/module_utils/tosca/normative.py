# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we take from tosca-parser: the normative types, constraints, versions and scalar units.

Its import takes a tenth of a second, so it waits until the first template is read.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError

_EXAMPLES = {
    "scalar-unit.size": "2 GB",
    "scalar-unit.time": "30 s",
    "scalar-unit.frequency": "2.4 GHz",
    "scalar-unit.bitrate": "10 Mbps",
}
SCALAR_UNITS = tuple(_EXAMPLES)
# TOSCA 1.3, 3.3.6.7, which tosca-parser leaves out: bits in a second, of which a byte has eight.
_BITRATES = {
    f"{prefix}{unit}ps": factor * bits
    for unit, bits in (("b", 1), ("B", 8))
    for prefix, factor in {
        "": 1,
        **{f"{letter}i": 1024**power for power, letter in enumerate("KMGT", 1)},
        **{letter: 1000**power for power, letter in enumerate("KMGT", 1)},
    }.items()
}
_SCALAR = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([A-Za-z]+)\Z", re.ASCII)
_MAX_SCALAR = 60
# Normative types that tosca-parser leaves out.
_ROOTS: Mapping[str, Mapping[str, Any]] = {"interface_types": {"tosca.interfaces.Root": {}}}


@functools.cache
def _modules() -> Any:
    try:
        # toscaparser.functions: its constraints reach for it without importing it.
        import toscaparser.functions
        from toscaparser.elements import constraints, entity_type, scalarunit
        from toscaparser.utils import validateutils
    except ImportError as error:
        raise TemplateError(
            f"tosca-parser is not installed for this Python: {error}",
            hint="Install it: pip install tosca-parser.",
        ) from error
    del toscaparser
    return constraints, entity_type.EntityType, scalarunit, validateutils


def definitions() -> Mapping[str, Any]:
    """Return the normative definitions: section ("node_types", ...) -> type name -> definition."""
    found = _modules()[1].TOSCA_DEF_LOAD_AS_IS
    return {kind: {**_ROOTS.get(kind, {}), **(section or {})} for kind, section in found.items()}


def constraint_class(operator: Any) -> Any:
    """Return tosca-parser's class for a constraint such as "in_range", None when there is none."""
    return _modules()[0].get_constraint_class(operator) if isinstance(operator, str) else None


def scalar_number(kind: str, text: Any) -> Fraction:
    """Return the exact number of base units (bytes, Hz, seconds, bits per second) of a scalar such as "1.5 GB".

    Units are TOSCA's: 1 kB = 1000 B, 1 KiB = 1024 B (TOSCA Simple Profile 1.0, 3.2.6). ValueError when
    malformed.
    """
    example = _EXAMPLES[kind]
    match = _SCALAR.match(text.strip()) if isinstance(text, str) and len(text) <= _MAX_SCALAR else None
    if match is None:
        raise ValueError(f"a {kind} is a number and a unit, such as '{example}'")
    units = _units(kind)
    unit = units.get(match[2]) or units.get(match[2].lower())
    if unit is None:
        known = ", ".join(_factors(kind))
        raise ValueError(f"unknown unit '{match[2]}', the units are {known}")
    return Fraction(match[1].rstrip(".")) * unit


@functools.cache
def _units(kind: str) -> dict[str, Fraction]:
    exact = {name: Fraction(str(factor)) for name, factor in _factors(kind).items()}
    # In lower case, a rate is one of bits: its unit comes first.
    return {name.lower(): factor for name, factor in reversed(exact.items())} | exact


def _factors(kind: str) -> Mapping[str, Any]:
    if kind == "scalar-unit.bitrate":
        return _BITRATES
    units: Mapping[str, Any] = _modules()[2].get_scalarunit_class(kind).SCALAR_UNIT_DICT
    return units


def is_version(text: str) -> bool:
    """Say whether a text is a TOSCA version such as 16.04 or 1.2.3.beta-1."""
    return len(text) <= 200 and bool(_modules()[3].TOSCAVersionProperty.VERSION_RE.match(text))
