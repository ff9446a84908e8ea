# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions that users write, matched within a time: some need years for a text of 40 characters.

Python's own matcher cannot be stopped, so this takes the library `regex`, which reads the same language.
"""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils import effort
from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError

try:
    import regex
except ImportError:
    regex = None

MAX_LENGTH = 1000


class Pattern:
    """The constraint `pattern`; ValueError when it is no regular expression, TemplateError without the library."""

    def __init__(self, text: Any) -> None:
        if regex is None:
            raise TemplateError(
                "regex is not installed for this Python, without which no 'pattern' is safe to try",
                hint="Install it: pip install regex.",
            )
        if not isinstance(text, str) or len(text) > MAX_LENGTH:
            raise ValueError(f"'pattern' is a regular expression of {MAX_LENGTH} characters at most")
        try:
            self._compiled = regex.compile(text)
        # regex tells of nesting that is too deep, and of numbers that are too large, in other classes than its own.
        except Exception as error:
            raise ValueError(f"'pattern' is no regular expression: {error}") from error
        self._text = text

    def fault(self, value: str) -> str | None:
        """Return what is wrong with a text as a phrase, None when the whole of it matches.

        The time is for all patterns of the template together, so that many cost no more than one.
        """
        left = effort.current()
        started = time.process_time()
        try:
            if left.pattern_seconds > 0:
                matches = self._compiled.fullmatch(value, timeout=left.pattern_seconds) is not None
                return None if matches else f"breaks the constraint pattern: {self._text}"
        except TimeoutError:
            pass
        finally:
            left.pattern_seconds -= time.process_time() - started
        return (
            f"cannot be tried within the {effort.PATTERN_SECONDS:g} s that all patterns have together, "
            f"on a pattern that repeats what is repeated, or after one: {self._text}"
        )
