# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How wide a text is, near enough to make a box for it without asking for a font."""

from __future__ import annotations

import unicodedata

# Advance widths in parts of the font size, of the wider ones among the usual sans-serif fonts.
_NARROW = dict.fromkeys("ijlI,.:;|!'", 0.36) | dict.fromkeys("ftr()[]/\\ -", 0.42) | {'"': 0.48}
_WIDE = dict.fromkeys("mwMW@%\u2026", 0.98) | dict.fromkeys("<>=+~^#&\u00d7", 0.84)
_LOWER, _UPPER, _FULL, _BOLD = 0.61, 0.72, 1.05, 1.13


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a text in a sans-serif font of a size."""
    return sum(map(_advance, text)) * size * (_BOLD if bold else 1.0)


def fitted(text: str, size: float, width: float, bold: bool = False) -> str:
    """Return a text on one line that is no wider than `width`, with an ellipsis where it is cut."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    if text_width(line, size, bold) <= width:
        return line
    room = width - text_width("\u2026", size, bold)
    kept = ""
    for char in line:
        room -= text_width(char, size, bold)
        if room < 0:
            break
        kept += char
    return kept.rstrip() + "\u2026"


def wrapped(text: str, size: float, width: float, lines: int) -> list[str]:
    """Return a text as at most so many lines of a width, the last one with an ellipsis where it is cut."""
    found: list[str] = []
    words = text.split()
    while words and len(found) < lines - 1:
        count = 1
        while count < len(words) and text_width(" ".join(words[: count + 1]), size) <= width:
            count += 1
        found.append(fitted(" ".join(words[:count]), size, width))
        words = words[count:]
    return [*found, fitted(" ".join(words), size, width)] if words else found


def _advance(char: str) -> float:
    if char in _NARROW:
        return _NARROW[char]
    if char in _WIDE:
        return _WIDE[char]
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return _FULL
    return _UPPER if char.isupper() or char.isdigit() else _LOWER
