# SPDX-License-Identifier: Apache-2.0
"""The statements that a piece of code sends to databases."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Engine, event


class Statement(NamedTuple):
    """What was sent, with its parameters."""

    text: str
    parameters: Any


@contextlib.contextmanager
def queries() -> Iterator[list[Statement]]:
    """Give the list of the statements of this process, as they are sent, without what only sets up a connection."""
    sent: list[Statement] = []

    def note(_connection: Any, _cursor: Any, text: str, parameters: Any, *_more: Any) -> None:
        if not text.startswith(("PRAGMA", "BEGIN")):
            sent.append(Statement(" ".join(text.split()), parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
