# SPDX-License-Identifier: Apache-2.0
"""Single requests to the API of AWX, and what may go wrong with one."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from indigo_paas import __version__
from indigo_paas.errors import IndigoError
from indigo_paas.runner.awx.settings import Awx

if TYPE_CHECKING:
    import httpx

Data = dict[str, Any]
Query = Mapping[str, str | int]

# Until a connection is made, and without a byte (seconds).
_CONNECT, _SILENCE = 10.0, 30.0
_TOLD = 500
_TOO_MANY = 429


class Unanswered(IndigoError):
    """No answer came, or one that will be another some time later.

    taken: whether AWX may have done what was asked for. pause: seconds that it wants to be left alone.
    """

    def __init__(self, message: str, taken: bool, pause: float = 0.0) -> None:
        super().__init__(message)
        self.taken, self.pause = taken, pause


class Refused(IndigoError):
    """AWX does not do it, or is not to be asked. status: of HTTP, 0 without an answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """The API of one AWX. Raises IndigoError where the token or the CA file cannot be read."""

    def __init__(self, awx: Awx) -> None:
        import httpx

        self._root = f"{awx.url.rstrip('/')}/{awx.api.strip('/')}/"
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {_token(awx)}", "User-Agent": f"indigo-paas/{__version__}"},
            timeout=httpx.Timeout(_SILENCE, connect=_CONNECT),
            verify=_trusted(awx) if awx.ca_file else True,
            follow_redirects=False,
        )

    def __enter__(self) -> Api:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, query: Query | None = None) -> Data:
        """Return what is at PATH (below the API's own, with a slash at its end). Raises Unanswered, Refused."""
        return self._ask("GET", path, params=dict(query or {}))

    def page(self, path: str, query: Query) -> list[Data]:
        """Return the first page of the list at PATH. Raises Unanswered, Refused."""
        found = self.get(path, query).get("results")
        if not isinstance(found, list):
            raise self._strange(path)
        return found

    def post(self, path: str, body: Data | None = None) -> Data:
        """Post BODY (JSON) to PATH and return the answer, {} for an empty one. Raises Unanswered, Refused."""
        return self._ask("POST", path, json=body or {})

    def _ask(self, method: str, path: str, **said: Any) -> Data:
        response = self._send(method, path, said)
        if response.status_code == _TOO_MANY:
            raise Unanswered(f"{self._root} asks for fewer requests.", taken=False, pause=_pause(response))
        if response.status_code >= 500:
            told = f"{self._root}{path} answers {response.status_code}{_detail(response)}"
            raise Unanswered(told, taken=True, pause=_pause(response))
        if not response.is_success:
            raise Refused(self._refusal(response, path), response.status_code)
        return self._read(response, path)

    def _send(self, method: str, path: str, said: Data) -> httpx.Response:
        import httpx

        try:
            return self._client.request(method, f"{self._root}{path}", **said)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                hint = "If you trust it, name the file of its authority with execution.awx.ca_file."
                raise Refused(f"{self._root} cannot be trusted: {_named(error)}. {hint}", 0) from error
            raise Unanswered(f"{self._root} cannot be reached: {_named(error)}.", taken=False) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Unanswered(f"{self._root}{path} gave no answer: {_named(error)}.", taken=True) from error

    def _refusal(self, response: httpx.Response, path: str) -> str:
        status, detail = response.status_code, _detail(response)
        if status == 401:
            return f"{self._root} does not take the token{detail} Make another one for a user of AWX."
        if status == 403:
            return (
                f"The token's user may not use {self._root}{path}{detail} Give it the role to execute the job template."
            )
        if response.is_redirect:
            return f"{self._root}{path} leads to {response.headers.get('location', 'nowhere')}: give that as the url."
        return f"{self._root}{path} answers {status}{detail}"

    def _read(self, response: httpx.Response, path: str) -> Data:
        if not response.content:
            return {}
        with contextlib.suppress(ValueError):
            data = response.json()
            if isinstance(data, dict):
                return data
        raise self._strange(path)

    def _strange(self, path: str) -> Refused:
        return Refused(f"{self._root}{path} does not answer as the API of AWX does: are url and api right?", 200)


def _token(awx: Awx) -> str:
    if awx.token_file is None:
        token = awx.token or ""
    else:
        try:
            token = awx.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it holds more than a token"
            raise IndigoError(f"The token for AWX cannot be read: {awx.token_file}: {why}.") from None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        place = awx.token_file or "The setting execution.awx.token"
        raise IndigoError(f"{place} must hold a token for AWX, and nothing else.")
    return token


def _trusted(awx: Awx) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=awx.ca_file)
    except OSError as error:
        raise IndigoError(f"{awx.ca_file} is no file of certificates: {error.strerror or error}.") from None


def _pause(response: httpx.Response) -> float:
    """Return the seconds for which RESPONSE asks."""
    from indigo_paas.client.retries import retry_after

    return retry_after(response.headers.get("retry-after")) or 0.0


def _named(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__


def _detail(response: httpx.Response) -> str:
    """Return what RESPONSE says, as the end of a sentence."""
    try:
        data = response.json()
    except ValueError:
        return "."
    told = data.get("detail") if isinstance(data, dict) else None
    text = " ".join(str(told or json.dumps(data)).split())[:_TOLD]
    return f": {text.rstrip('.')}."
