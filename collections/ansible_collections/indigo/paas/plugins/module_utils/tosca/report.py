# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathers the problems of one template; the one place that decides how severe each kind is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ..errors import Problem, TemplateError

# What is not listed here is an error. A lenient reader passes its own table to Report.
STRICT: Mapping[str, str] = MappingProxyType(
    {
        "not-implemented": "warning",
        "not-supported": "warning",
    }
)

MAX_PROBLEMS = 100


class Location(NamedTuple):
    """A place in a file; line and column count from 1."""

    file: str | None = None
    line: int | None = None
    column: int | None = None


NOWHERE = Location()


class Report:
    """Problems in the order found, each kept once."""

    def __init__(self, severities: Mapping[str, str] = STRICT) -> None:
        self.severities = severities
        self._problems: dict[Problem, None] = {}

    def add(self, kind: str, message: str, at: Location = NOWHERE, hint: str | None = None) -> None:
        """Record one problem; its kind (such as "unknown-property") decides the severity."""
        severity = self.severities.get(kind, "error")
        problem = Problem(message, at.file, at.line, at.column, hint, severity)
        self._problems.setdefault(problem)

    def extend(self, problems: list[Problem]) -> None:
        """Record problems made elsewhere."""
        self._problems.update(dict.fromkeys(problems))

    @property
    def errors(self) -> list[Problem]:
        """Return the errors in the order of their places."""
        return self._sorted("error")

    @property
    def warnings(self) -> list[Problem]:
        """Return the warnings in the order of their places."""
        return self._sorted("warning")

    def raise_errors(self) -> None:
        """Raise TemplateError when there are errors."""
        errors = self.errors
        if len(errors) > MAX_PROBLEMS:
            rest = len(errors) - MAX_PROBLEMS
            errors = [*errors[:MAX_PROBLEMS], Problem(f"{rest} more problems are not shown", errors[0].file)]
        if errors:
            raise TemplateError(errors)

    def _sorted(self, severity: str) -> list[Problem]:
        chosen = [problem for problem in self._problems if problem.severity == severity]
        return sorted(chosen, key=lambda problem: (problem.file or "", problem.line or 0, problem.column or 0))
