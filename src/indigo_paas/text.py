# SPDX-License-Identifier: Apache-2.0
"""Text from templates, sites and nodes, made fit for a terminal and free of secrets. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "********"

# Shorter values are masked only where they stand alone: to replace "a" everywhere would garble all text.
SHORTEST_SECRET = 5

_SECRET_NAME = re.compile(r"passw|passphrase|pwd|token|secret|credential|(?<!mon)key", re.IGNORECASE)
# NAME: VALUE, where the value is neither a function nor a block below it.
_GIVEN = re.compile(r"""([\w.-]+)["']?\s*:\s+(?![\[{#])\S""")
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


def _inert(character: str) -> str:
    if character == "\n" or unicodedata.category(character) not in _UNPRINTABLE:
        return character
    code = ord(character)
    return _ESCAPES.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def is_secret(name: str) -> bool:
    """Say whether an input called NAME probably holds a secret."""
    return bool(_SECRET_NAME.search(name))


def tells_secret(text: str) -> bool:
    """Say whether a line of YAML gives a value to a name that looks secret."""
    return any(is_secret(name) for name in _GIVEN.findall(text))


class Masker:
    """Hides the values of the inputs whose names look secret, wherever they turn up.

    inputs: values by name; a dict among them is searched for secret names too.
    """

    def __init__(self, inputs: Mapping[str, Any] | None = None) -> None:
        secrets = set(_secret_values(inputs or {}))
        self._exact = frozenset(secrets)
        anywhere = {part for secret in secrets for part in _parts(secret) if len(part) >= SHORTEST_SECRET}
        longest_first = sorted(anywhere, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, value: str) -> str:
        """Return VALUE with every secret replaced."""
        if value in self._exact:
            return MASK
        return self._pattern.sub(MASK, value) if self._pattern else value

    def data(self, value: Any) -> Any:
        """Return a copy of VALUE (plain data) with secrets replaced, and all that secret names hold."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self._entry(str(key), item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        return value

    def _entry(self, name: str, value: Any) -> Any:
        hidden = is_secret(name) and isinstance(value, str | int | float) and not isinstance(value, bool)
        return MASK if hidden and value != "" else self.data(value)


def _secret_values(value: Any, secret: bool = False) -> Iterable[str]:
    """Yield the strings and numbers under secret names in VALUE, as strings."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _secret_values(item, secret or is_secret(str(name)))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secret_values(item, secret)
    elif secret and isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
        yield str(value)


def _parts(secret: str) -> Iterable[str]:
    """Yield SECRET as it may turn up: whole, line by line, and as it is written inside JSON."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield from (part for part in map(str.strip, secret.splitlines()) if len(part) >= 3 * SHORTEST_SECRET)
