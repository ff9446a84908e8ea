# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A problem beside the line of the file that it is about, as compilers show it. Pure: the text is given."""

from __future__ import annotations

import functools
import re
import unicodedata

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem

MAX_WIDTH = 100
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'")
_WORD = re.compile(r"[^\s,\[\]{}:#]+(?::[^\s,\[\]{}]+)*")


def render(problem: Problem, source_text: str | None) -> str:
    """Return a problem with its line and a caret under the offending piece, over several lines.

    ``source_text`` is the text of the file that the problem is in, None when there is none: then the problem is one
    line. Control characters of the text never get through. Nothing is raised.
    """
    place = span(problem, source_text) if source_text is not None else None
    if place is None:
        return _printable(str(problem))
    line, start, end = place
    shown, start, end = _window(line_of(source_text or "", line), start, end)
    gutter = f"{line:>5} | "
    indent = sum(_width(character) for character in shown[: start - 1])
    marked = max(1, sum(_width(character) for character in shown[start - 1 : end - 1]))
    caret = f"{' ' * (len(gutter) - 2)}| {' ' * indent}{'^' * marked}"
    return f"{_printable(str(problem))}\n{gutter}{shown}\n{caret}"


def span(problem: Problem, source_text: str) -> tuple[int, int, int] | None:
    """Return (line, column, end column) of the offending piece; all count from 1, the end is behind the piece.

    None when the problem has no place or its place is not in the text.
    """
    if problem.line is None or problem.line < 1:
        return None
    line = line_of(source_text, problem.line)
    column = problem.column or 1
    if line is None or column < 1 or column > len(line) + 1:
        return None
    found = _QUOTED.match(line, column - 1) or _WORD.match(line, column - 1)
    return problem.line, column, max(found.end() + 1 if found else column + 1, column + 1)


def line_of(text: str, number: int) -> str | None:
    """Return one line, as YAML counts them."""
    lines = _lines(text)
    return lines[number - 1] if number <= len(lines) else None


# All problems of a file are shown one after the other.
@functools.lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    return re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text.removeprefix("\ufeff"))


def _window(line: str | None, start: int, end: int) -> tuple[str, int, int]:
    """Return the part of a long line around a place, with the place in it; every character is one column or two."""
    line = line or ""
    if len(line) <= MAX_WIDTH:
        return _printable(line), start, end
    first = max(0, min(start - 1 - MAX_WIDTH // 3, len(line) - MAX_WIDTH))
    part = _printable(line[first : first + MAX_WIDTH])
    head = "..." if first else ""
    tail = "..." if first + MAX_WIDTH < len(line) else ""
    return f"{head}{part}{tail}", start - first + len(head), min(end - first, MAX_WIDTH + 1) + len(head)


def _printable(text: str) -> str:
    return "".join(character if _harmless(character) else _stand_in(character) for character in text)


def _harmless(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _stand_in(character: str) -> str:
    return " " if character in "\t\n" else "\N{REPLACEMENT CHARACTER}"


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
