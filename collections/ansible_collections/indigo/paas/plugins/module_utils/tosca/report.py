# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathers the problems of one template; the one place that decides how severe each kind is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ansible_collections.indigo.paas.plugins.module_utils import effort
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, TemplateError

IGNORED = "ignored"

# What a template may do although TOSCA says otherwise, because published templates do: all of it is an error to a
# strict reader. What is neither here nor below is an error to every reader.
LENIENCIES: Mapping[str, str] = MappingProxyType(
    {
        "bad-default": "warning",  # an empty or unused default that does not fit its own declaration
        "coerced": IGNORED,  # a scalar of another type that means only one value, such as yes for a string
        "duplicate-type": "warning",  # a type that two files define, each its own way
        "empty-text": "warning",  # an empty text for what is no text
        "jinja": "warning",  # a text that another engine would evaluate
        "misplaced": "warning",  # a capability beside `capabilities`, requirements that are no list
        "misspelt": "warning",  # a well-known word in another spelling
        "missing-host": "warning",  # software whose type no longer asks for a host
        "nameless-archive": "warning",  # an archive that does not say what it holds
        "policy": "warning",  # a policy that lacks what its type asks for
        "repeated-key": "warning",  # a key that its mapping has already, inside of a node template or an output
        "stray-directive": "warning",  # a name that is none of those that are known, nor a slip of the pen for one
        "stray-interface": "warning",
        "stray-key": "warning",
        "stray-operation": "warning",
        "stray-property": "warning",
        "stray-capability": "warning",
        "stray-requirement": "warning",
        "undeclared-input": "warning",  # an input that the template uses without declaring it, and the user gives
        "unused-type": "warning",  # a type of an imported file that is wrong, and that nothing uses
        "unit": "warning",  # a size without its unit
        "versionless": IGNORED,  # an imported file without tosca_definitions_version
        "zero-volume": "warning",  # a volume of size 0, which is none
    }
)
# What this collection does not do, whoever reads.
LIMITS: Mapping[str, str] = MappingProxyType({"not-implemented": "warning", "not-supported": "warning"})

# What is no fault, but may be a slip of the pen.
ADVICE: Mapping[str, str] = MappingProxyType({"unused-input": "warning"})

# What is wrong with a template only because values are not known.
_UNKNOWN = ("missing-input", "not-known")

LENIENT: Mapping[str, str] = MappingProxyType({**LENIENCIES, **LIMITS, **ADVICE})
STRICT: Mapping[str, str] = MappingProxyType({**LIMITS, **ADVICE})


def severities(strict: bool = False, sketch: bool = False) -> Mapping[str, str]:
    """Return how severe each kind is to a reader; a sketch may lack the values of inputs, and what comes of them."""
    known = STRICT if strict else LENIENT
    return MappingProxyType({**known, **dict.fromkeys(_UNKNOWN, IGNORED)}) if sketch else known


# How many errors are shown, and after how many reading ends: each costs a search for what may have been meant.
MAX_PROBLEMS = 100
MAX_ERRORS = 1000
# How many warnings are kept.
MAX_WARNINGS = 1000
# How many owners of a problem are named.
MAX_OWNERS = 4


class Location(NamedTuple):
    """A place in a file; line and column count from 1."""

    file: str | None = None
    line: int | None = None
    column: int | None = None


NOWHERE = Location()


class Report:
    """Problems in the order found, each kept once."""

    def __init__(self, severities: Mapping[str, str] = LENIENT) -> None:
        self.severities = severities
        self._problems: dict[Problem, None] = {}
        self._shared: dict[tuple[str, ...], tuple[Location, dict[str, None]]] = {}
        self._errors = 0
        self._warnings = 0
        # What was extended by, which tells it from others by its identity.
        self._extensions: dict[int, Sequence[Problem]] = {}

    def add(self, kind: str, message: str, at: Location = NOWHERE, hint: str | None = None) -> None:
        """Record one problem; its kind (such as "unknown-property") decides the severity.

        Raise TemplateError when there are far too many errors, or names that are not known.
        """
        severity = self.severities.get(kind, "error")
        if severity == IGNORED:
            return
        self._keep(Problem(message, at.file, at.line, at.column, hint, severity))
        if self._errors > MAX_ERRORS:
            self.raise_errors()
        if effort.current().comparisons < 0:
            self._give_up(at)

    def add_shared(
        self, kind: str, message: tuple[str, str], owner: str, at: Location = NOWHERE, hint: str | None = None
    ) -> None:
        """Record what is wrong with several owners in the same way, as one problem at the place of the first.

        `message` is what stands before and after the owners; `owner` is as a person calls it, such as "'server'".
        """
        _at, owners = self._shared.setdefault((kind, *message, hint or ""), (at, {}))
        owners.setdefault(owner)

    def ignores(self, kind: str) -> bool:
        """Say whether problems of a kind are dropped, so that nobody need describe them."""
        return self.severities.get(kind) == IGNORED

    def extend(self, problems: Sequence[Problem]) -> None:
        """Record problems made elsewhere; what was given before, the very same, is not looked at again.

        Raise TemplateError when there are far too many errors.
        """
        if not problems or id(problems) in self._extensions:
            return
        self._extensions[id(problems)] = problems
        for problem in problems:
            self._keep(problem)
        if self._errors > MAX_ERRORS:
            self.raise_errors()

    @property
    def error_count(self) -> int:
        """Return how many errors there are."""
        return self._errors

    @property
    def errors(self) -> list[Problem]:
        """Return the errors in the order of their places."""
        return self._sorted("error")

    @property
    def warnings(self) -> list[Problem]:
        """Return the warnings in the order of their places, the first ones found where there are far too many."""
        found = self._sorted("warning")
        if self._warnings > MAX_WARNINGS:
            more = f"{self._warnings - MAX_WARNINGS} more warnings are not shown"
            found.append(Problem(more, found[0].file, severity="warning"))
        return found

    def raise_errors(self) -> None:
        """Raise TemplateError when there are errors."""
        errors = self.errors
        if len(errors) > MAX_PROBLEMS:
            rest = len(errors) - MAX_PROBLEMS
            least = "at least " if self._errors > MAX_ERRORS else ""
            errors = [*errors[:MAX_PROBLEMS], Problem(f"{least}{rest} more problems are not shown", errors[0].file)]
        if errors:
            raise TemplateError(errors)

    def _keep(self, problem: Problem) -> None:
        if problem in self._problems:
            return
        if problem.severity == "error":
            self._errors += 1
        else:
            self._warnings += 1
            if self._warnings > MAX_WARNINGS:
                return
        self._problems[problem] = None

    def _give_up(self, at: Location) -> None:
        message = "there are too many names that are not known to look for what each was meant to be"
        self._keep(Problem(message, at.file, at.line, at.column, "Correct those before this one.", "error"))
        self.raise_errors()

    def _all_problems(self) -> Iterator[Problem]:
        yield from self._problems
        for (kind, before, after, hint), (at, owners) in self._shared.items():
            severity = self.severities.get(kind, "error")
            if severity != IGNORED:
                yield Problem(
                    f"{before}{_listed(list(owners))}{after}", at.file, at.line, at.column, hint or None, severity
                )

    def _sorted(self, severity: str) -> list[Problem]:
        chosen = [problem for problem in self._all_problems() if problem.severity == severity]
        return sorted(chosen, key=lambda problem: (problem.file or "", problem.line or 0, problem.column or 0))


def _listed(owners: list[str]) -> str:
    """Return some of the owners as a person lists them."""
    if len(owners) > MAX_OWNERS:
        return f"{', '.join(owners[: MAX_OWNERS - 1])} and {len(owners) - MAX_OWNERS + 1} more"
    return " and ".join(filter(None, (", ".join(owners[:-1]), owners[-1])))
