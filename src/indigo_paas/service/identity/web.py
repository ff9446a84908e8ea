# SPDX-License-Identifier: Apache-2.0
"""JSON from the servers of an issuer, within a time and a size."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from indigo_paas.errors import BadInput

MAX_BYTES = 1_000_000


class NoAnswer(Exception):
    """The server did not answer, or with what is no JSON object; the text says how."""


@dataclass(frozen=True)
class Answer:
    """What a server said: the HTTP status and its JSON object."""

    status: int
    body: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Web:
    """Asks servers. timeout: seconds for a whole answer. ca_file: the authorities of certificates, None for the usual.

    Redirections are not followed: what is sent here is for the address that was configured.
    """

    def __init__(self, timeout: float, ca_file: Path | None = None) -> None:
        self._timeout = timeout
        # A connection for each request: a limit for the whole of it is set on its socket.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.Client(timeout=timeout, limits=limits, follow_redirects=False, **_verified_by(ca_file))

    def close(self) -> None:
        self._client.close()

    def get(self, url: str, token: str | None = None) -> Answer:
        """Return what is at URL, shown TOKEN if there is one. Raises NoAnswer."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._ask("GET", url, headers=headers)

    def post(self, url: str, form: Mapping[str, str], client: tuple[str, str], *, basic: bool) -> Answer:
        """Return the answer to FORM, sent by the CLIENT (id, secret), which goes in a header (BASIC) or the form."""
        if basic:
            # RFC 6749, 2.3.1: each part is written as in a form before it is put into the header.
            user, password = (urllib.parse.quote_plus(part) for part in client)
            return self._ask("POST", url, data=form, auth=httpx.BasicAuth(user, password))
        return self._ask("POST", url, data={**form, "client_id": client[0], "client_secret": client[1]})

    def _ask(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **how: Any) -> Answer:
        headers = {"Accept": "application/json", **(headers or {})}
        late = NoAnswer(f"no answer within {self._timeout:g} s")
        deadline = _Deadline()
        try:
            with (
                deadline.after(self._timeout),
                self._client.stream(method, url, headers=headers, extensions=deadline.extensions, **how) as response,
            ):
                status, data = response.status_code, _bytes(response)
        except httpx.TimeoutException:
            raise late from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise late if deadline.has_passed else NoAnswer(str(error) or type(error).__name__) from None
        if deadline.has_passed:
            raise late
        return Answer(status, _object(data, status))


class _Deadline:
    """Ends the connection of a request when its time is over.

    The client's own limits are for each piece: a server that sends a byte a second would hold us for ever.
    """

    def __init__(self) -> None:
        self.has_passed = False
        self.extensions = {"trace": self._look}
        self._socket: socket.socket | None = None

    @contextlib.contextmanager
    def after(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _look(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")

    def _end(self) -> None:
        self.has_passed = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def _verified_by(ca_file: Path | None) -> dict[str, Any]:
    if ca_file is None:
        return {}
    try:
        return {"verify": ssl.create_default_context(cafile=str(ca_file))}
    except OSError as error:
        raise BadInput(f"{ca_file} holds no certificates that can be read: {error}.") from None


def _bytes(response: httpx.Response) -> bytes:
    data = bytearray()
    for piece in response.iter_bytes():
        data += piece
        if len(data) > MAX_BYTES:
            raise NoAnswer(f"the answer is larger than {MAX_BYTES / 1_000_000:g} MB")
    return bytes(data)


def _object(data: bytes, status: int) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    if status >= 400:
        return {}
    raise NoAnswer(f"the answer (HTTP {status}) is no JSON object")
