# SPDX-License-Identifier: Apache-2.0
"""Tells the callback of a deployment how it ended.

A callback is a URL that a user names: it is not called where it would lead into the networks of the operator.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import httpcore

from indigo_paas.errors import BadInput
from indigo_paas.service import wire
from indigo_paas.service.settings import Callbacks, ServiceSettings
from indigo_paas.service.urls import Urls
from indigo_paas.store import Deployment

SIGNATURE = "X-Indigo-Signature"

_log = logging.getLogger(__name__)

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_FAILURES = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError)


class _Refused(Exception):
    """The callback must not, or cannot, be called."""


def require_public(url: str, settings: Callbacks) -> None:
    """Raise BadInput where URL cannot be called, or is plainly not to be.

    A name is only looked up when it is called: what it leads to may change until then.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or not url.isprintable() or " " in url:
        raise BadInput(f"callback: {url!r} is no URL.")
    if parts.username is not None:
        raise BadInput("callback: a URL with a user in it is not called. Send what it shall know in its query.")
    if settings.allow_private:
        return
    if host.rstrip(".").lower() == "localhost" or (_is_address(host) and not _is_public(host)):
        raise BadInput(f"callback: {host} is an address of this machine or of a private network. Name a public one.")


def notify(deployment: Deployment, settings: ServiceSettings) -> bool:
    """POST the Deployment to its callback, and say whether that was taken (2xx).

    It is tried several times, with longer and longer pauses. What goes wrong is logged, never raised.
    A deployment without callback is nothing to do: True.
    """
    if deployment.callback is None:
        return True
    body = wire.as_json(wire.deployment(deployment, Urls(base_url(settings)))).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "indigo-paas"}
    if settings.callbacks.secret:
        headers[SIGNATURE] = signature(body, settings.callbacks.secret)
    return _deliver(deployment.callback, body, headers, settings.callbacks, deployment.uuid)


def base_url(settings: ServiceSettings) -> str:
    """Return where clients reach the service, as far as that is known without a request."""
    server = settings.server
    host = f"[{server.host}]" if ":" in server.host else server.host
    return (settings.rest.public_url or f"http://{host}:{server.port}").rstrip("/")


def signature(body: bytes, secret: str) -> str:
    """Return what the header X-Indigo-Signature says of BODY."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _deliver(url: str, body: bytes, headers: dict[str, str], settings: Callbacks, uuid: str) -> bool:
    pause = settings.pause
    for attempt in range(1, settings.tries + 1):
        try:
            status = _post(url, body, headers, settings)
        except _Refused as refusal:
            _log.error("callback of %s: %s; it is not called", uuid, refusal)
            return False
        except _FAILURES as error:
            problem = f"{type(error).__name__}: {error}"
        else:
            if 200 <= status < 300:
                return True
            problem = f"it answered {status}"
        _log.warning("callback of %s, try %d of %d: %s", uuid, attempt, settings.tries, problem)
        if attempt < settings.tries:
            time.sleep(pause)
            pause *= 2
    _log.error("callback of %s: given up", uuid)
    return False


def _post(url: str, body: bytes, headers: dict[str, str], settings: Callbacks) -> int:
    try:
        require_public(url, settings)
    except BadInput as error:
        raise _Refused(str(error)) from None
    until = time.monotonic() + settings.timeout
    extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), settings.timeout)}
    sent = list(headers.items())
    # Redirections are not followed, and no proxy of the environment is asked: both could lead anywhere.
    with (
        httpcore.ConnectionPool(ssl.create_default_context(), network_backend=_Guarded(settings, until)) as pool,
        pool.stream("POST", url, headers=sent, content=body, extensions=extensions) as response,
    ):
        return response.status


class _Hurried(httpcore.NetworkStream):
    """A connection that is over at a time: a server that sends a byte now and then would hold us for ever."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._until))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Hurried(self._stream.start_tls(ssl_context, server_hostname, _left(self._until)), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("it is too slow")
    return left


class _Guarded(httpcore.NetworkBackend):
    """Connects to the very address that it has judged, so that a name cannot lead elsewhere in between."""

    def __init__(self, settings: Callbacks, until: float) -> None:
        self._settings, self._until = settings, until
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = _resolve(host, port)
        if not self._settings.allow_private and not all(map(_is_public, addresses)):
            raise _Refused(f"{host} leads to {', '.join(addresses)}, of this machine or of a private network")
        failure: Exception | None = None
        for address in addresses:
            try:
                stream = self._real.connect_tcp(address, port, _left(self._until), local_address, socket_options)
                return _Hurried(stream, self._until)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise _Refused("a socket of this machine cannot be a callback")


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_public(address: str) -> bool:
    known = ipaddress.ip_address(address.partition("%")[0])
    inner = _inner(known)
    return known.is_global and not known.is_multicast and (inner is None or _is_public(str(inner)))


def _inner(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 one leads to: mapped, 6to4 or NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour
