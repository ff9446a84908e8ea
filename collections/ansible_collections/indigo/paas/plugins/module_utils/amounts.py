# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of bytes in words that people read. Pure."""

from __future__ import annotations

_BINARY = (("PiB", 1024**5), ("TiB", 1024**4), ("GiB", 1024**3), ("MiB", 1024**2))
_DECIMAL = (
    ("EB", 10**18),
    ("PB", 10**15),
    ("TB", 10**12),
    ("GB", 10**9),
    ("MB", 10**6),
    ("kB", 10**3),
    ("B", 1),
)
# Of whole numbers with more digits than this nobody reads the last ones.
_LONGEST = 9999
# From here on three digits are a thousand, which the next unit says.
_ROUNDS_UP = 0.9995


def amount(size: float) -> str:
    """Return a number of bytes, such as "20 TB".

    It has the unit in which it is a whole number, as far as that is a short one, else three digits.
    """
    if size == float("inf"):
        return "any amount"
    for unit, factor in (*_BINARY, *_DECIMAL):
        if factor <= size <= _LONGEST * factor and size % factor == 0:
            return f"{int(size // factor)} {unit}"
    for unit, factor in _DECIMAL:
        if size >= _ROUNDS_UP * factor:
            number = size / factor
            return f"{number:.0f} {unit}" if number >= 1000 * _ROUNDS_UP else f"{number:.3g} {unit}"
    return f"{size:.3g} B"
