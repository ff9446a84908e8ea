# SPDX-License-Identifier: Apache-2.0
"""Connections of clients that take their time: uvicorn itself waits for the head of a request for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_ANSWER = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
    b"Content-Length: 38\r\n\r\nThe head of the request came too late."
)


def patient(seconds: float) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol, which ends connections where the head of a request does not come within SECONDS.

    That is counted from the beginning of the connection, or from the first byte of a later request on it.
    """

    class Patient(H11Protocol):
        _late: asyncio.TimerHandle | None = None

        # asyncio's protocols promise to take any transport. uvicorn's, and so this one, take only a transport that can
        # be written to, which mypy has to refuse. A server of HTTP makes no other.
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            # Where nothing of another request is there, how long it may be away is the keep-alive's to say.
            if self.conn.trailing_data[0]:
                self._watch()

        def _watch(self) -> None:
            if self.conn.their_state is not h11.IDLE:
                self._forget()
            elif self._late is None:
                self._late = self.loop.call_later(seconds, self._end)

        def _forget(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

        def _end(self, *_nothing: Any) -> None:
            self.transport.write(_ANSWER)
            self.transport.close()

    return Patient
