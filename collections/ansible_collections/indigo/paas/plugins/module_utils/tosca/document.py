# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML text to plain data in which every key and value knows its line and column.

A document is hostile text: its size, its depth and what its aliases add are bounded before anything is built
from it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.yaml_scalars import TAGS, plain_scalar, tagged_scalar

try:
    import yaml
except ImportError:
    yaml = cast("Any", None)

MAX_BYTES = 5_000_000
MAX_DEPTH = 50
MAX_ALIASED = 100_000
# What holds the bodies of things by their names.
_BODIES = frozenset(("node_templates", "outputs"))


class Map(dict[Any, Any]):
    """A YAML mapping. `marks`: key -> (key line, key column, value line, value column)."""

    __slots__ = ("file", "line", "column", "marks")

    def __init__(self, items: Any = (), origin: Map | None = None) -> None:
        super().__init__(items)
        self.file: str | None = origin.file if origin is not None else None
        self.line: int | None = origin.line if origin is not None else None
        self.column: int | None = origin.column if origin is not None else None
        self.marks: dict[str, tuple[int, int, int, int]] = origin.marks if origin is not None else {}


class Seq(list[Any]):
    """A YAML sequence. `marks`: (line, column) of every item."""

    __slots__ = ("file", "line", "column", "marks")

    def __init__(self, items: Any = (), origin: Seq | None = None) -> None:
        super().__init__(items)
        self.file: str | None = origin.file if origin is not None else None
        self.line: int | None = origin.line if origin is not None else None
        self.column: int | None = origin.column if origin is not None else None
        self.marks: list[tuple[int, int]] = origin.marks if origin is not None else []


@dataclass(frozen=True)
class Document:
    """The data of one file and the name by which errors call it."""

    data: Any
    file: str
    path: Path | None = None


def place(container: Any) -> Location:
    """Return where a mapping or sequence begins; nowhere for data that did not come from a file."""
    if isinstance(container, (Map, Seq)):
        return Location(container.file, container.line, container.column)
    return Location()


def key_place(container: Any, key: Any, default: Location | None = None) -> Location:
    """Return where a key of a mapping, or an item of a sequence, is written.

    When that is not known: the default, without one the place of the container.
    """
    return _marked(container, key, 0, default)


def value_place(container: Any, key: Any, default: Location | None = None) -> Location:
    """Return where the value of a key, or an item of a sequence, is written; else as `key_place`."""
    return _marked(container, key, 2, default)


def _marked(container: Any, key: Any, offset: int, default: Location | None) -> Location:
    if isinstance(container, Map) and key in container.marks:
        mark = container.marks[key]
        return Location(container.file, mark[offset], mark[offset + 1])
    if isinstance(container, Seq) and isinstance(key, int) and 0 <= key < len(container.marks):
        return Location(container.file, *container.marks[key])
    return place(container) if default is None else default


def read(path: str | os.PathLike[str], report: Report | None = None) -> Document:
    """Read a YAML file as `parse` does; TemplateError also when it cannot be read or is too large."""
    name = os.fspath(path)
    return Document(parse(_read_bytes(name), name, report), name, Path(name))


def parse(text: str | bytes, file: str, report: Report | None = None) -> Any:
    """Return the data of YAML text as Map, Seq and scalars; TemplateError with all its problems.

    With a report, a key that is written again inside of a node template or an output is a leniency, which goes there:
    the last one counts, as with most YAML readers. Without, and elsewhere, it is an error.
    """
    if yaml is None:
        raise TemplateError("PyYAML is not installed for this Python", hint="Install it: pip install PyYAML.")
    decoded = _decode(text, file)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(file, report)
    try:
        builder.build(yaml.parse(decoded, Loader=loader))
    except yaml.MarkedYAMLError as error:
        builder.report.extend([_syntax_problem(error, file)])
    except (yaml.YAMLError, UnicodeError) as error:
        builder.report.add("syntax", f"this is not YAML: {_one_line(error)}", Location(file))
    builder.report.raise_errors()
    return builder.root


def _read_bytes(name: str) -> bytes:
    try:
        status = os.stat(name)
        if stat.S_ISDIR(status.st_mode):
            raise TemplateError("this is a directory", file=name, hint="Give the path of a YAML file.")
        if not stat.S_ISREG(status.st_mode):
            raise TemplateError("this is not a regular file", file=name, hint="Give the path of a YAML file.")
        if status.st_size > MAX_BYTES:
            raise _too_large(name)
        with open(name, "rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise TemplateError("there is no such file", file=name, hint="Check the path.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TemplateError(f"cannot read this file: {reason}", file=name, hint="Check its permissions.") from error


def _too_large(file: str) -> TemplateError:
    limit = f"{MAX_BYTES // 1_000_000} MB"
    return TemplateError(
        f"larger than {limit}, which is the limit for one file", file=file, hint="Split it with `imports`."
    )


def _decode(text: str | bytes, file: str) -> str:
    if len(text) > MAX_BYTES:
        raise _too_large(file)
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        column = error.start - (text.rfind(b"\n", 0, error.start) + 1) + 1
        raise TemplateError(
            "this is not UTF-8 text", file=file, line=line, column=column, hint="Save the file as UTF-8."
        ) from error


def _syntax_problem(error: Any, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    words = ", ".join(part for part in (error.context, error.problem) if part)
    message = f"YAML syntax error: {_one_line(words)}"
    hint = "Check the indentation, the quotes and the brackets here and in the line above."
    if mark is None:
        return Problem(message, file, hint=hint)
    return Problem(message, file, mark.line + 1, mark.column + 1, hint)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:200]


class _Refused(Exception):
    """Raised within this module to stop reading a document that is refused."""


@dataclass
class _Frame:
    """A collection that is being built."""

    value: Any  # a Map or a Seq
    anchor: str | None
    before: int
    key: str | None = None
    key_mark: tuple[int, int] = (1, 1)
    skipping: bool = False
    merging: bool = False
    merges: list[Any] = field(default_factory=list)


class _Builder:
    """Builds the data of a document from its events, without recursion."""

    def __init__(self, file: str, leniencies: Report | None) -> None:
        self.file = file
        self.report = Report()
        self._leniencies = leniencies
        self.root: Any = None
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0
        self._aliased = 0
        self._documents = 0

    def build(self, events: Any) -> None:
        """Consume all events; what is wrong goes to the report."""
        handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: self._start_map,
            yaml.SequenceStartEvent: self._start_seq,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.DocumentStartEvent: self._start_document,
        }
        try:
            for event in events:
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        except _Refused:
            return
        if self.root is None and not self.report.errors:
            self.report.add("empty", "the file is empty", Location(self.file), "Write a TOSCA template in it.")

    def _at(self, event: Any) -> Location:
        return Location(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refuse(self, kind: str, message: str, at: Location, hint: str) -> NoReturn:
        self.report.add(kind, message, at, hint)
        raise _Refused

    def _start_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse("syntax", "a second YAML document begins here", self._at(event), "Keep one in a file.")

    def _start_map(self, event: Any) -> None:
        self._check_tag(event, "map")
        self._push(Map(), event)

    def _start_seq(self, event: Any) -> None:
        self._check_tag(event, "seq")
        self._push(Seq(), event)

    def _check_tag(self, event: Any, kind: str) -> None:
        if event.tag not in (None, "!") and TAGS.get(event.tag) != kind:
            self._bad_tag(event)

    def _bad_tag(self, event: Any) -> None:
        tag = _one_line(event.tag).replace("tag:yaml.org,2002:", "!!")
        self.report.add("syntax", f"the YAML tag '{tag}' is not allowed here", self._at(event), "Remove the tag.")

    def _push(self, value: Map | Seq, event: Any) -> None:
        at = self._at(event)
        if len(self._stack) >= MAX_DEPTH:
            self._refuse("depth", f"nested deeper than {MAX_DEPTH} levels", at, "Make the structure flatter.")
        value.file, value.line, value.column = at
        self._stack.append(_Frame(value, event.anchor, self._count))
        self._count += 1

    def _end(self, event: Any) -> None:
        frame = self._stack.pop()
        if frame.merges:
            _merge(frame)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.value, self._count - frame.before)
        self._place_value(frame.value, Location(self.file, frame.value.line, frame.value.column))

    def _scalar(self, event: Any) -> None:
        self._count += 1
        value = self._scalar_value(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._place_value(value, self._at(event), event)

    def _scalar_value(self, event: Any) -> Any:
        text = event.value
        if not text.isascii() and not _encodable(text):
            self.report.add(
                "syntax", "text that cannot be written as UTF-8", self._at(event), "Remove \\ud800-\\udfff."
            )
            return ""
        if event.implicit[0]:
            return plain_scalar(text)
        if event.implicit[1] or event.tag == "!":
            return text
        kind = TAGS.get(event.tag)
        if kind is None:
            self._bad_tag(event)
            return text
        try:
            return tagged_scalar(kind, text)
        except ValueError as error:
            self.report.add("syntax", _one_line(error), self._at(event), "Correct the value or remove the tag.")
            return text

    def _alias(self, event: Any) -> None:
        found = self._anchors.get(event.anchor)
        if found is None:
            self._refuse(
                "syntax",
                f"the alias '*{_one_line(event.anchor)}' points to no anchor above it",
                self._at(event),
                "Define the anchor before its use; it cannot contain itself.",
            )
        value, size = found
        self._count += size
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            self._refuse(
                "bomb",
                f"the aliases of this file stand for more than {MAX_ALIASED} values",
                self._at(event),
                "Write the values out, or split the file.",
            )
        self._check_alias_depth(value, event)
        self._place_value(value, self._at(event))

    def _check_alias_depth(self, value: Any, event: Any) -> None:
        if len(self._stack) + _depth(value) > MAX_DEPTH:
            self._refuse(
                "depth",
                f"nested deeper than {MAX_DEPTH} levels",
                self._at(event),
                "Make the structure flatter.",
            )

    def _place_value(self, value: Any, at: Location, scalar: Any = None) -> None:
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        if isinstance(frame.value, Seq):
            frame.value.append(value)
            frame.value.marks.append((at.line or 1, at.column or 1))
        elif frame.key is None and not frame.skipping:
            self._take_key(frame, at, scalar)
        else:
            self._take_item(frame, value, at)

    def _take_key(self, frame: _Frame, at: Location, scalar: Any) -> None:
        frame.key_mark = (at.line or 1, at.column or 1)
        if scalar is None:
            self.report.add("syntax", "a key must be plain text", at, "Write `key: value`.")
            frame.skipping = True
            return
        key = scalar.value if _encodable(scalar.value) else ""
        if key in frame.value.marks:
            self._repeated(key, frame, at)
        frame.key, frame.merging = key, key == "<<" and scalar.implicit[0]

    def _repeated(self, key: str, frame: _Frame, at: Location) -> None:
        """Report a key that its mapping has already, and forget the first one where the last one counts."""
        message = f"the key '{_one_line(key)}' is here for the second time, the first is in line"
        message += f" {frame.value.marks[key][0]}"
        path = [each.key for each in self._stack[:-1]]
        if self._leniencies is None or not any(name in _BODIES for name in path[:-1]):
            self.report.add("duplicate", message, at, "Rename or remove one of the two.")
            return
        self._leniencies.add("repeated-key", message, at, "This one counts. Remove the other.")
        frame.value.pop(key, None)
        del frame.value.marks[key]

    def _take_item(self, frame: _Frame, value: Any, at: Location) -> None:
        key, frame.key = frame.key, None
        if frame.skipping:
            frame.skipping = False
        elif frame.merging and isinstance(value, (Map, Seq)):
            frame.merges.append(value)
        elif key not in frame.value.marks:
            frame.value[key] = value
            frame.value.marks[key] = (*frame.key_mark, at.line or 1, at.column or 1)


def _merge(frame: _Frame) -> None:
    for merged in frame.merges:
        for source in [merged] if isinstance(merged, Map) else merged:
            if not isinstance(source, Map):
                continue
            for key, value in source.items():
                if key not in frame.value:
                    frame.value[key] = value
                    frame.value.marks[key] = source.marks[key]


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _depth(value: Any) -> int:
    """Return how many collections are nested in a value, following each shared one once."""
    depth = 0
    level = [value]
    while level:
        nested: dict[int, Any] = {}
        for item in level:
            if isinstance(item, (Map, Seq)):
                children = item.values() if isinstance(item, Map) else item
                nested.update({id(child): child for child in children})
        if any(isinstance(item, (Map, Seq)) for item in level):
            depth += 1
        level = list(nested.values())
    return depth
