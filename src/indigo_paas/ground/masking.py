# SPDX-License-Identifier: Apache-2.0
"""Secrets, and how they are kept out of what people and programs read. Pure.

Data is masked by place: what stands under a name that looks secret, at any depth, and never a name itself. Text has no
places, so there the secrets' values are looked for: those that are long enough to be no ordinary word, and shorter
ones on a line that speaks of a secret. What a template itself says openly hides nothing and is shown everywhere.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

MASK = "********"

# The least characters that a password may have (NIST SP 800-63B): what is shorter may be any word of a text.
LONG = 8
# What is shorter than this says nothing: to mask "1" on a line about tokens would hide the line's numbers.
SHORT = 4
# Long secrets are looked for in pieces, so that what a character of a text costs does not grow with the secrets.
PIECE = 64

_SECRET_NAME = re.compile(r"passw|passphrase|pwd|token|secret|credential|(?<!mon)key", re.IGNORECASE)
Span = tuple[int, int]

_FUNCTION = "$function"
# Functions whose arguments are names: none of them can be a secret.
_REFERENCES = ("get_attribute", "get_operation_output")

# What a plan says in words that its author, its user or a site chose; all else in it is structure and names.
_VALUES = frozenset(
    (
        "arguments",
        "artifacts",
        "attributes",
        "capabilities",
        "external",
        "image",
        "inputs",
        "network",
        "ports",
        "properties",
        "size",
        "tags",
        "users",
        "volumes",
    )
)
_TEXTS = frozenset(("description", "hint", "message"))


def is_secret(name: str) -> bool:
    """Say whether what is called NAME probably holds a secret."""
    return bool(_SECRET_NAME.search(name))


def tells_secret(text: str) -> bool:
    """Say whether a line of YAML gives a value to a name that looks secret, and not a function or a block below it."""
    before, *rest = text.split(":")
    for after in rest:
        if _is_value(after) and is_secret(_last_name(before)):
            return True
        before = after
    return False


def _is_value(text: str) -> bool:
    value = text.lstrip()
    return text[:1].isspace() and bool(value) and value[0] not in "[{#"


def _last_name(text: str) -> str:
    text = text.rstrip()
    text = text[:-1] if text.endswith(('"', "'")) else text
    backwards = itertools.takewhile(lambda character: character.isalnum() or character in "_.-", reversed(text))
    return "".join(backwards)[::-1]


class Public:
    """What a template says openly: the keys of its mappings, and the values under names that do not look secret."""

    def __init__(self, *documents: Any) -> None:
        self.names: set[str] = set()
        self.values: set[str] = set()
        for document in documents:
            self._read(document)

    def _read(self, document: Any) -> None:
        waiting = [(document, False)]
        while waiting:
            value, hidden = waiting.pop()
            if isinstance(value, Mapping):
                self.names.update(map(str, value))
                waiting += [(item, hidden or is_secret(str(name))) for name, item in value.items()]
            elif isinstance(value, list | tuple):
                waiting += [(item, hidden) for item in value]
            elif not hidden:
                self.values.add(str(value))


class Masker:
    """Hides the values of inputs whose names look secret.

    inputs: values by name; below a secret name all texts and numbers are secrets. public: see there; a secret that is
    a part of a public name, or a public value, is hidden in its place only.
    """

    def __init__(self, inputs: Mapping[str, Any] | None = None, public: Public | None = None) -> None:
        public = public or Public()
        secrets = {secret for secret in _secrets(inputs or {}) if len(secret) >= SHORT}
        told = public.values | Finder(secrets).pieces_in("\n".join(sorted(public.names)))
        self._secrets = secrets - told
        self._long = Finder((secret for secret in self._secrets if len(secret) >= LONG), told)
        self._short = Finder((secret for secret in self._secrets if len(secret) < LONG), told)

    def holds(self, value: str) -> bool:
        """Say whether VALUE is a secret or tells one."""
        return value in self._secrets or self.text(value) != value

    def text(self, value: str) -> str:
        """Return VALUE with every secret replaced."""
        spans = self._long.spans(value)
        if self._short and _SECRET_NAME.search(value):
            spans = merged([*spans, *self._short_spans(value)])
        return _replaced(value, spans)

    def data(self, value: Any) -> Any:
        """Return a copy of VALUE (plain data) without secrets: nothing of a function but its texts is one."""
        return self._data(value, hidden=False)

    def entry(self, name: str, value: Any) -> Any:
        """Return a copy of VALUE, which stands under NAME, without secrets."""
        return self._data(value, hidden=is_secret(name))

    def plan(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy of PLAN without secrets; names and structure stay as they are."""
        return {
            key: self._outputs(value) if key == "outputs" else self._structure(value, key)
            for key, value in plan.items()
        }

    def _outputs(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: {**self._structure(output), "value": self.entry(name, output.get("value"))}
            for name, output in outputs.items()
        }

    def _structure(self, value: Any, name: str = "") -> Any:
        if name in _VALUES:
            return self.data(value)
        if isinstance(value, Mapping):
            return {key: self._structure(item, str(key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._structure(item) for item in value]
        return self.text(value) if name in _TEXTS and isinstance(value, str) else value

    def _data(self, value: Any, hidden: bool) -> Any:
        if isinstance(value, Mapping):
            return self._mapping(value, hidden)
        if isinstance(value, list | tuple):
            return [self._data(item, hidden) for item in value]
        if hidden and _can_be_secret(value):
            return MASK
        if isinstance(value, str):
            return MASK if value in self._secrets else self.text(value)
        return value

    def _mapping(self, value: Mapping[str, Any], hidden: bool) -> Mapping[str, Any]:
        call = value.get(_FUNCTION) if len(value) == 1 else None
        if isinstance(call, Mapping):
            name, arguments = next(iter(call.items()))
            return value if name in _REFERENCES else {_FUNCTION: {name: self._data(arguments, hidden)}}
        if value.keys() == {"fact"}:
            return value
        return {key: self._data(item, hidden or is_secret(str(key))) for key, item in value.items()}

    def _short_spans(self, text: str) -> Iterator[Span]:
        start = 0
        for line in text.split("\n"):
            if _SECRET_NAME.search(line):
                words = (span for span in self._short.found(line) if _is_word(line, span))
                yield from ((start + first, start + last) for first, last in words)
            start += len(line) + 1


class Finder:
    """Finds secrets in texts.

    A secret counts as it is, as it is written inside JSON, and line by line; long ones are looked for in pieces. Each
    is at least SHORT characters long. At each character of a text at most PIECE slices of at most PIECE characters are
    looked up, however many secrets there are.
    """

    def __init__(self, secrets: Iterable[str], without: Collection[str] = ()) -> None:
        """Look for SECRETS, but not for the pieces of them that are in WITHOUT."""
        parts = (part for secret in secrets for part in _parts(secret))
        self._pieces = {piece for part in parts for piece in _pieces(part)}.difference(without)
        lengths: dict[str, set[int]] = {}
        for piece in self._pieces:
            lengths.setdefault(piece[:SHORT], set()).add(len(piece))
        self._lengths = {head: sorted(found, reverse=True) for head, found in lengths.items()}

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def found(self, text: str) -> Iterator[Span]:
        """Yield where pieces are, at each character the longest."""
        for start in range(len(text) - SHORT + 1) if self._pieces else ():
            for length in self._lengths.get(text[start : start + SHORT], ()):
                if text[start : start + length] in self._pieces:
                    yield start, start + length
                    break

    def spans(self, text: str) -> list[Span]:
        """Return the stretches of TEXT that tell secrets, in their order."""
        return merged(self.found(text))

    def pieces_in(self, text: str) -> set[str]:
        """Return what TEXT tells of the secrets."""
        return {text[start:end] for start, end in self.found(text)}


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return SPANS in their order, those that touch each other as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _replaced(text: str, spans: Iterable[Span]) -> str:
    parts, done = [], 0
    for start, end in spans:
        parts += [text[done:start], MASK]
        done = end
    return "".join([*parts, text[done:]]) if parts else text


def _is_word(text: str, span: Span) -> bool:
    start, end = span
    around = text[max(0, start - 1) : start] + text[end : end + 1]
    return not any(character.isalnum() or character in "_-" for character in around)


def _secrets(value: Any, hidden: bool = False) -> Iterator[str]:
    """Yield the texts and numbers under secret names in VALUE, as texts."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _secrets(item, hidden or is_secret(str(name)))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets(item, hidden)
    elif hidden and _can_be_secret(value):
        yield str(value)


def _can_be_secret(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _parts(secret: str) -> Iterator[str]:
    """Yield SECRET as it may turn up: whole, as it is written inside JSON, and line by line."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield from (line for line in map(str.strip, secret.splitlines()) if len(line) >= 2 * LONG)


def _pieces(text: str) -> Iterator[str]:
    """Yield TEXT cut into the fewest pieces of nearly the same length, at most PIECE."""
    count = -(-len(text) // PIECE)
    for number in range(count):
        yield text[number * len(text) // count : (number + 1) * len(text) // count]
