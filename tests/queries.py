# SPDX-License-Identifier: Apache-2.0
"""The statements that a piece of code sends to databases."""

from __future__ import annotations

import contextlib
import typing as t

from sqlalchemy import Engine, event


class Statement(t.NamedTuple):
    """What was sent, with its parameters."""

    text: str
    parameters: t.Any


@contextlib.contextmanager
def queries() -> t.Iterator[list[Statement]]:
    """Give the list of the statements of this process, as they are sent, without what only sets up a connection."""
    sent: list[Statement] = []

    def note(_connection: t.Any, _cursor: t.Any, text: str, parameters: t.Any, *_more: t.Any) -> None:
        if not text.startswith(("PRAGMA", "BEGIN")):
            sent.append(Statement(" ".join(text.split()), parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
