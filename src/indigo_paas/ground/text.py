# SPDX-License-Identifier: Apache-2.0
"""Text from templates, sites and nodes, made fit for a terminal. Pure."""

from __future__ import annotations

import json
import unicodedata

_ESCAPES = {"\t": "    ", "\r": "\\r"}
# Cc, Cf: control and invisible formatting characters, direction overrides among them. Zl, Zp: line breaks.
# Cs: lone surrogates, which no terminal's encoding can hold.
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def clean(value: object) -> str:
    """Return str(VALUE) with everything that could steer a terminal written as an escape; newlines stay."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_inert, text))


def line(value: object) -> str:
    """Return clean(VALUE) on one line."""
    return clean(value).replace("\n", " ").strip()


def show(value: object) -> str:
    """Return VALUE (plain data) for a person to read: strings as they are, the rest as JSON."""
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def counted(number: int, one: str) -> str:
    """Return NUMBER of things of which ONE is the name of a single one, as "1 node" and "2 nodes"."""
    return f"{number} {one}{'' if number == 1 else 's'}"


def _inert(character: str) -> str:
    if character == "\n" or unicodedata.category(character) not in _UNPRINTABLE:
        return character
    code = ord(character)
    return _ESCAPES.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
