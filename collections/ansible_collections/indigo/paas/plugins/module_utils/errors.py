# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong, as data: problems with a place and a remedy, and the errors that carry them."""

from __future__ import annotations

import difflib
import functools
import heapq
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils import effort

# Among how many known names an unknown one is looked for, and how much of it.
_SEARCHED = 2000
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Problem:
    """One fault: what is wrong, where, and what to do about it.

    `line` and `column` count from 1 and point to the first character; an editor that counts from 0 subtracts 1.
    Where the text is at hand, `excerpt.span` says where the offending piece ends. `severity` is "error" or
    "warning".
    """

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None
    severity: str = "error"

    def __str__(self) -> str:
        """Return "FILE:LINE:COLUMN: MESSAGE. HINT" without the parts that are absent."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = _sentence(self.message) if self.hint else self.message
        body = f"{text} {self.hint}" if self.hint else text
        return f"{place}: {body}" if place else body

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)


class PaasError(Exception):
    """The base of all errors that a user may meet; `problems` is never empty."""

    def __init__(
        self,
        problems: str | Problem | Iterable[Problem],
        *,
        hint: str | None = None,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        """Take one message (with its hint and place), one problem, or several problems."""
        if isinstance(problems, str):
            problems = Problem(problems, file=file, line=line, column=column, hint=hint)
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class TemplateError(PaasError):
    """The user's template or inputs are wrong."""


class SiteError(PaasError):
    """A site is unknown, does not answer, or cannot hold what is asked.

    `bad_input` says that the request was at fault, so that asking again cannot help.
    """

    def __init__(
        self,
        problems: str | Problem | Iterable[Problem],
        *,
        bad_input: bool = False,
        **place: Any,
    ) -> None:
        self.bad_input = bad_input
        super().__init__(problems, **place)


def nearest(name: object, known: Iterable[str]) -> str | None:
    """Return the known name that a wrong one is most likely meant to be, None when it resembles none.

    None, too, when the template has caused too many searches (`effort`).
    """
    wanted = str(name)[:_LONGEST_NAME]
    # With other lengths, the ratio that difflib wants is out of reach.
    least, most = 3 * len(wanted) / 7, 7 * len(wanted) / 3
    left = [each for each in list(known)[:_SEARCHED] if least <= len(each) <= most]
    if not _may_compare(len(left)):
        return None
    near = difflib.get_close_matches(wanted, left, n=1, cutoff=0.6)
    return near[0] if near else None


def slip(name: object, known: Iterable[str]) -> str | None:
    """Return the known name that a wrong one is but for a slip of the pen: two letters at most, one in a short name.

    Letters' case and the difference of "-" and "_" count as no letter. None, too, when the template has caused too
    many searches (`effort`).
    """
    folded = _folded(str(name)[:_LONGEST_NAME])
    limit = 1 if len(folded) < 5 else 2
    left = [each for each in list(known)[:_SEARCHED] if _may_be(folded, each, limit)]
    if not _may_compare(len(left)):
        return None
    near = [(_edits(folded, _folded(each[:_LONGEST_NAME]), limit), each) for each in left]
    found = min((item for item in near if item[0] <= limit), default=None)
    return found[1] if found is not None else None


def _may_compare(number: int) -> bool:
    """Take so many comparisons of those that the template may cause; say whether they were left."""
    left = effort.current()
    left.comparisons -= number
    return left.comparisons >= 0


def _may_be(folded: str, other: str, limit: int) -> bool:
    """Say whether two names can be so near: what it costs to know more is worth it for few."""
    if abs(len(folded) - min(len(other), _LONGEST_NAME)) > limit:
        return False
    # A letter that is changed is one that went and one that came.
    return (_letters(folded) ^ _letters(_folded(other[:_LONGEST_NAME]))).bit_count() <= 2 * limit


@functools.lru_cache(maxsize=10_000)
def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


@functools.lru_cache(maxsize=10_000)
def _letters(name: str) -> int:
    """Return a number with a bit for each letter."""
    bits = 0
    for letter in name:
        bits |= 1 << (ord(letter) % 64)
    return bits


def _edits(one: str, other: str, limit: int) -> int:
    """Return how many letters are to be changed, added, dropped or swapped with the next; above the limit any number.

    The optimal string alignment distance, of which only what is near the diagonal can stay below the limit.
    """
    far = limit + 1
    if abs(len(one) - len(other)) > limit:
        return far
    before: list[int] = []
    row = [min(j, far) for j in range(len(other) + 1)]
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [far] * (len(other) + 1)
        row[0] = min(i, far)
        for j in range(max(1, i - limit), min(len(other), i + limit) + 1):
            b = other[j - 1]
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                least = min(least, last[j - 2] + 1)
            row[j] = least
        if min(row) > limit:
            return far
    return row[-1]


def did_you_mean(name: object, known: Iterable[str], *, what: str = "names") -> str:
    """Return a remedy for an unknown name: the nearest known one, or the list of what is known."""
    known = list(dict.fromkeys(known))
    near = nearest(name, known)
    if near is not None:
        return f"Did you mean '{near}'?"
    if not known:
        return f"There are no {what} here."
    shown = ", ".join(heapq.nsmallest(12, known))
    return f"Known {what}: {shown}{', ...' if len(known) > 12 else ''}."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."
