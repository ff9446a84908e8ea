# SPDX-License-Identifier: Apache-2.0
"""What happens around every request: its id, its line in the access log, its time, its real address, its size."""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import time
import uuid
from collections.abc import Sequence
from typing import Any

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from indigo_paas.errors import BadInput
from indigo_paas.service import answers
from indigo_paas.service.metrics import Metrics

access_log = logging.getLogger("indigo_paas.service.access")
_log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_SLASHES = re.compile(r"/{2,}")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,255}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_UNROUTED = "(none)"
# The page of the documentation is the only one; its parts are our own.
_PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Envelope:
    """Gives each request its id, answers those that break, and writes the access log and the latencies.

    A line of the log is one JSON object. Neither a query nor a header is in it: a token never is.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        scope["state"] = {**scope.get("state", {}), "request_id": _request_id(Headers(scope=scope))}
        status = 0

        async def send_enveloped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), scope["state"]["request_id"])
            await send(message)

        try:
            await self._app(scope, receive, send_enveloped)
        except Exception:
            _log.exception("request %s broke", scope["state"]["request_id"])
            if status:
                raise
            text = f"This is a fault of the service: its log says more of the request {scope['state']['request_id']}."
            await answers.error(500, text)(scope, receive, send_enveloped)
        finally:
            self._tell(scope, status, time.perf_counter() - started)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _UNROUTED)
        self._metrics.observe(scope["method"], route, status, seconds)
        user = scope["state"].get("user")
        line = {
            "time": round(time.time(), 3),
            "request_id": scope["state"]["request_id"],
            "client": scope["client"][0] if scope.get("client") else None,
            "method": scope["method"],
            "path": scope["path"],
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            "subject": user.subject if user else None,
            "issuer": user.issuer if user else None,
        }
        access_log.info(json.dumps(line))


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())


def _add_headers(headers: MutableHeaders, request_id: str) -> None:
    headers["X-Request-ID"] = request_id
    headers["X-Content-Type-Options"] = "nosniff"
    if headers.get("content-type", "").startswith("text/html"):
        headers["Content-Security-Policy"] = _PAGE_POLICY
    # Every answer may change at any time, and most are for one user only.
    headers.setdefault("Cache-Control", "no-store")


class Proxied:
    """Puts what a trusted proxy says of a request (X-Forwarded-*) in the place of what its connection says.

    trusted: networks of proxies.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        self._app, self._trusted = app, trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._trusts(scope.get("client")):
            _believe(scope)
        await self._app(scope, receive, send)

    def _trusts(self, client: tuple[str, int] | None) -> bool:
        try:
            address = ipaddress.ip_address(client[0] if client else "")
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def networks(texts: Sequence[str]) -> list[Network]:
    """Return the networks of TEXTS: addresses, networks, or "*" for all. Raises BadInput."""
    everywhere = ("0.0.0.0/0", "::/0")
    return [_network(one) for text in texts for one in (everywhere if text == "*" else (text,))]


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise BadInput(f"server.forwarded_from: {text!r} is no address, network or *.") from None


def _believe(scope: Scope) -> None:
    headers = MutableHeaders(scope=scope)
    proto = _first(headers, "x-forwarded-proto").lower()
    host = _first(headers, "x-forwarded-host")
    port = _first(headers, "x-forwarded-port")
    prefix = _first(headers, "x-forwarded-prefix").rstrip("/")
    client = _last(headers, "x-forwarded-for")
    if proto in ("http", "https"):
        scope["scheme"] = proto
    if _HOST.fullmatch(host):
        headers["host"] = host if _has_port(host) or not port.isdecimal() else f"{host}:{int(port)}"
    if _PREFIX.fullmatch(prefix):
        scope["root_path"] = prefix
        if not scope["path"].startswith(f"{prefix}/"):
            scope["path"] = prefix + scope["path"]
    if client:
        scope["client"] = (client, 0)


def _first(headers: Headers, name: str) -> str:
    """Return what the proxy that the client asked said."""
    return headers.get(name, "").partition(",")[0].strip()


def _last(headers: Headers, name: str) -> str:
    """Return what the nearest proxy said, the only one that is known to be trusted."""
    try:
        return str(ipaddress.ip_address(headers.get(name, "").rpartition(",")[2].strip()))
    except ValueError:
        return ""


def _has_port(host: str) -> bool:
    return host.rpartition("]")[2].count(":") == 1


class TidyPath:
    """Serves a path with slashes too many as without them, for clients write them so.

    A redirection would not do: on the way, those clients make a GET of a POST.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            prefix = scope.get("root_path", "")
            path = _SLASHES.sub("/", scope["path"]).removeprefix(prefix)
            scope["path"] = prefix + (path.rstrip("/") or "/")
        await self._app(scope, receive, send)


class TooLarge(Exception):
    """A body is larger than it may be."""


class TooSlow(Exception):
    """A body does not come in time."""


class LimitedBody:
    """Refuses bodies of more than `largest` bytes, also those that do not say their length, and such as take more than
    so many SECONDS to come.
    """

    def __init__(self, app: ASGIApp, largest: int, seconds: float) -> None:
        self._app, self._largest, self._seconds = app, largest, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read, is_read = 0, False
        until = anyio.current_time() + self._seconds

        async def receive_limited() -> Message:
            nonlocal read, is_read
            try:
                # What comes behind the body is the end of the connection, which may take its time.
                with anyio.CancelScope() if is_read else anyio.fail_after(until - anyio.current_time()):
                    message: dict[str, Any] = dict(await receive())
            except TimeoutError:
                raise TooSlow from None
            is_read = not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > self._largest:
                raise TooLarge
            return message

        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._largest:
            await self._refuse(scope, receive, send)
            return
        try:
            await self._app(scope, receive_limited, send)
        except TooLarge:
            await self._refuse(scope, receive, send)
        except TooSlow:
            text = f"The body did not come within {self._seconds:g} s."
            await answers.error(408, text, {"Connection": "close"})(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = f"The body is larger than the {self._largest} bytes that it may have."
        await answers.error(413, text, {"Connection": "close"})(scope, receive, send)
