# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, by the exit code that it gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, for people and for programs.

    text: one sentence or two; that of a template starts with FILE:LINE:COLUMN. place: the same in parts, where there
    are any: file, line, column, end_column, hint, message, severity. excerpt: the line of the file with a caret under
    the piece that is meant, "" when it is not at hand.
    """

    text: str
    place: Mapping[str, Any] = field(default_factory=dict)
    excerpt: str = ""

    def __str__(self) -> str:
        return self.text

    @property
    def shown(self) -> str:
        """The text as a person reads it, over several lines."""
        return f"{self.text}\n{self.excerpt}" if self.excerpt else self.text

    def to_dict(self) -> dict[str, Any]:
        """Return it as data: file, line, column, end_column, message, hint and severity; unknown ones are None.

        Lines and columns count from 1; end_column is behind the piece that is meant.
        """
        parts = ("file", "line", "column", "end_column", "message", "hint", "severity")
        return {**dict.fromkeys(parts), "message": self.text, "severity": "error", **self.place}


class IndigoError(Exception):
    """A failure that the user is told in a sentence or two a problem.

    exit_code: 1, the deployment or a check failed.
    """

    exit_code = 1

    def __init__(self, *problems: str | Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems: Sequence[Problem] = [
            problem if isinstance(problem, Problem) else Problem(problem) for problem in problems
        ]


class BadInput(IndigoError):
    """What was asked for is wrong or cannot be had; nothing was made or changed."""

    exit_code = 2


class Busy(IndigoError):
    """Another command works on the deployment."""

    exit_code = 3


class Lost(IndigoError):
    """A run that nobody can tell the end of; it goes on where it was when it is started again."""


class NotFound(IndigoError):
    """There is no such object, or none that the user may see."""

    exit_code = 2


class Forbidden(IndigoError):
    """The user may not do this."""

    exit_code = 2


class TooMany(IndigoError):
    """The user asks for too much at a time. retry_after: seconds after which it may be worth to ask again."""

    exit_code = 3

    def __init__(self, text: str, retry_after: int) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Unavailable(TooMany):
    """All users together ask for too much at a time."""


class Conflict(IndigoError):
    """The state of the object does not allow what was asked for; nothing was changed."""

    exit_code = 3
