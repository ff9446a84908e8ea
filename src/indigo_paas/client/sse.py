# SPDX-License-Identifier: Apache-2.0
"""Server-sent events, read as they come. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from indigo_paas.client.documents import Garbled

# Of one event: more than any server of ours sends (characters).
LARGEST = 4_000_000

_END_OF_LINE = re.compile(r"\r\n|\n|\r(?!$)")


@dataclass(frozen=True)
class Message:
    """One message of a stream. id: the last one that the stream gave, "" before the first."""

    event: str
    data: str
    id: str


class Reader:
    """Makes messages of the bytes of a stream, wherever these are cut."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._rest = ""
        self._data: list[str] = []
        self._size = 0
        self._event = ""
        self._id = ""
        self._at_start = True

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take the next bytes; yield the messages that they complete. Raises Garbled for one without an end."""
        text = self._rest + self._decode(data)
        if self._at_start and text:
            text, self._at_start = text.removeprefix("\ufeff"), False
        *lines, self._rest = _END_OF_LINE.split(text)
        if len(self._rest) > LARGEST:
            raise Garbled("The server's stream of events holds a line without an end.")
        for line in lines:
            yield from self._line(line)

    def _line(self, line: str) -> Iterator[Message]:
        if not line:
            if self._data:
                yield Message(self._event or "message", "\n".join(self._data), self._id)
            self._data, self._event, self._size = [], "", 0
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._size += len(value)
            if self._size > LARGEST:
                raise Garbled("The server's stream of events holds an event without an end.")
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
