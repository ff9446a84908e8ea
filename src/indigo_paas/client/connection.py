# SPDX-License-Identifier: Apache-2.0
"""Where a server is, who asks there, and what may go wrong on the way."""

from __future__ import annotations

import contextlib
import os
import re
import ssl
import urllib.parse
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from indigo_paas import __version__
from indigo_paas.client.calls import Answer, Call
from indigo_paas.errors import BadInput, IndigoError

URL_VARIABLES = ("INDIGO_PAAS_URL", "ORCHENT_URL")
TOKEN_VARIABLES = ("INDIGO_PAAS_TOKEN", "ORCHENT_TOKEN")
CA_VARIABLES = ("INDIGO_PAAS_CA_FILE", "ORCHENT_CAFILE")

# A token, or what gives the present one: it is asked before each request.
Token = str | Callable[[], str | Awaitable[str]]

_TOKEN = re.compile(r"[\x21-\x7e]+")
_CONNECT_SECONDS = 10.0
# A server says something on a stream at least every 15 seconds.
_SILENT_SECONDS = 60.0


class Unreachable(IndigoError):
    """No answer came. sent: whether the server may have got the request. hopeless: trying again is no use."""

    def __init__(self, message: str, sent: bool, hopeless: bool = False) -> None:
        super().__init__(message)
        self.sent, self.hopeless = sent, hopeless


@dataclass(frozen=True)
class Connection:
    """A server and who asks there.

    url: of the API, without a slash at its end. ca_file: PEM file of those who may vouch for the server, in place of
    the usual ones. timeout: seconds without a byte until an answer is given up.
    """

    url: str
    token: Token | None = field(default=None, repr=False)
    ca_file: str | None = None
    timeout: float = 60.0

    @classmethod
    def of(
        cls,
        url: str | None = None,
        token: Token | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        timeout: float = 60.0,
        environ: Mapping[str, str] = os.environ,
    ) -> Connection:
        """Return the connection; what is None is taken from the environment. Raises BadInput for a wrong URL."""
        found = url if url is not None else _first(environ, URL_VARIABLES)
        if not found:
            raise BadInput("No server is named. Set INDIGO_PAAS_URL to the URL of its API.")
        authority = os.fspath(ca_file) if ca_file is not None else _first(environ, CA_VARIABLES)
        return cls(
            _valid_url(found), token if token is not None else _first(environ, TOKEN_VARIABLES), authority, timeout
        )

    def options(self) -> dict[str, Any]:
        """Return the arguments of an httpx client; raise BadInput when the CA file is none."""
        return {
            "verify": self._trusted() if self.ca_file else True,
            "timeout": httpx.Timeout(self.timeout, connect=min(_CONNECT_SECONDS, self.timeout)),
            "headers": {"User-Agent": f"indigo-paas/{__version__}"},
            "follow_redirects": False,
        }

    def request(self, call: Call[Any], token: str | None, stream: bool = False) -> dict[str, Any]:
        """Return the arguments of an httpx request; raise BadInput for a token that none can be."""
        headers = dict(call.headers)
        if token and token.strip():
            headers["Authorization"] = f"Bearer {_valid_token(token.strip())}"
        silent = httpx.Timeout(self.timeout, connect=min(_CONNECT_SECONDS, self.timeout), read=_SILENT_SECONDS)
        return {
            "method": call.method,
            "url": f"{self.url}/{call.path}",
            "params": list(call.query),
            "headers": headers,
            **({"json": call.body} if call.body is not None else {}),
            **({"timeout": silent} if stream else {}),
        }

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Raise what httpx raises inside as Unreachable."""
        try:
            yield
        except httpx.ConnectError as error:
            raise self._refused(error) from error
        except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(f"{self.url} cannot be reached: it does not answer.", sent=False) from error
        except httpx.TimeoutException as error:
            raise Unreachable(f"{self.url} took the request and does not answer.", sent=True) from error
        except (httpx.TransportError, httpx.StreamError, httpx.DecodingError) as error:
            raise Unreachable(f"The connection to {self.url} broke: {error or type(error).__name__}.", True) from error

    def _refused(self, error: httpx.ConnectError) -> Unreachable:
        text = f"{self.url} cannot be reached: {error}."
        if "CERTIFICATE_VERIFY_FAILED" not in text:
            return Unreachable(text, sent=False)
        hint = "If you trust it, name the file of its authority with INDIGO_PAAS_CA_FILE."
        return Unreachable(f"{text} {hint}", sent=False, hopeless=True)

    def _trusted(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise BadInput(f"{self.ca_file} is no file of certificates: {error.strerror or error}.") from None


def answer_of(response: httpx.Response, body: bytes) -> Answer:
    """Return RESPONSE as the rest of the client knows answers."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, body, "authorization" in response.request.headers)


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environ[name] for name in names if environ.get(name, "").strip()), None)


def _valid_url(url: str) -> str:
    try:
        parts = urllib.parse.urlsplit(url.strip())
        _ = parts.port
    except ValueError as error:
        raise BadInput(f"{url!r} is no URL: {error}.") from None
    if parts.username or parts.password:
        raise BadInput("The URL of a server holds no password. Give a token with INDIGO_PAAS_TOKEN.")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BadInput(f"{url!r} is no URL of a server. Write it as https://paas.example.org.")
    return url.strip().rstrip("/")


def _valid_token(token: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise BadInput("The token holds characters that no token has. Is it whole, and nothing else?")
    return token
