# SPDX-License-Identifier: Apache-2.0
"""The answers of oned that something cannot be done."""

from __future__ import annotations

AUTHENTICATION, AUTHORIZATION, NO_EXISTS, ACTION, API, INTERNAL = 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000


class Refused(Exception):
    """The API's answer that something cannot be done; the method's name is set before MESSAGE."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def unauthorized(reason: str) -> Refused:
    """Return the refusal of what the user may not do, and of what his quota does not hold: oned has one for both."""
    return Refused(AUTHORIZATION, f"User [2] : {reason}.")
