# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong, as data: problems with a place and a remedy, and the errors that carry them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One fault: what is wrong, where, and what to do about it.

    `line` and `column` count from 1. `severity` is "error" or "warning".
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


def did_you_mean(name: object, known: Iterable[str], *, what: str = "names") -> str:
    """Return a remedy for an unknown name: the nearest known one, or the list of what is known."""
    known = list(known)
    near = difflib.get_close_matches(str(name)[:200], known[:2000], n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{near[0]}'?"
    if not known:
        return f"There are no {what} here."
    shown = ", ".join(sorted(known)[:12])
    return f"Known {what}: {shown}{', ...' if len(known) > 12 else ''}."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."
