# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, by the exit code that it gets."""

from __future__ import annotations

from collections.abc import Sequence


class IndigoError(Exception):
    """A failure that the user is told in one sentence a problem.

    problems: the sentences; a template's problem starts with FILE:LINE:COLUMN.
    exit_code: 1, the deployment or a check failed.
    """

    exit_code = 1

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems: Sequence[str] = problems


class BadInput(IndigoError):
    """What was asked for is wrong or cannot be had; nothing was made or changed."""

    exit_code = 2


class Busy(IndigoError):
    """Another command works on the deployment."""

    exit_code = 3
