# SPDX-License-Identifier: Apache-2.0
"""The door of the service: who a request is of, as a dependency of FastAPI, and what is said to those not let in."""

from __future__ import annotations

import logging
import re
import urllib.parse
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from indigo_paas.errors import BadInput
from indigo_paas.service.identity import users, verify
from indigo_paas.service.identity.addresses import is_loopback
from indigo_paas.service.identity.errors import (
    BadRequest,
    IdentityError,
    InsufficientScope,
    InvalidToken,
    IssuerUnavailable,
    NoToken,
)
from indigo_paas.service.identity.limits import Limits
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.identity.verify import Verifier
from indigo_paas.service.model import ANONYMOUS, User

REALM = "indigo-paas"

_log = logging.getLogger(__name__)

# A client that is in use sends no blank behind the scheme.
_BEARER = re.compile(r"bearer *(\S+)", re.IGNORECASE)
_READS = ("GET", "HEAD", "OPTIONS")
# Who comes through a proxy is not on this machine, even if the proxy is.
_PROXIED = re.compile(r"forwarded|x-forwarded-.*|x-real-ip|via")
# What may stand in a quoted string of a header.
_UNQUOTABLE = re.compile(r'[^\x20-\x7e]|["\\]')


class Guard:
    """Lets requests in. Raises BadInput when nobody could ever be let in."""

    def __init__(self, identity: Identity) -> None:
        if not identity.issuers and not identity.anonymous:
            raise BadInput(
                "The service would let nobody in: the settings have no [[identity.issuers]]. "
                "Write one, or identity.anonymous = true for whoever is on this machine."
            )
        self._identity = identity
        self.verifier = Verifier(identity)
        self._limits = Limits(identity)

    def close(self) -> None:
        self.verifier.close()

    def user(self, request: Request) -> User:
        """Return who REQUEST is of, also as request.state.user. Raises IdentityError."""
        token = bearer(request.headers.getlist("authorization"))
        changes = request.method not in _READS
        user = self._anonymous(request) if token is None else self._user_of(token, _peer(request))
        request.state.user = user
        self._limits.request(user, changes=changes)
        if token is not None:
            users.require_scopes(user, self.verifier.provider(user.issuer).issuer, changes=changes)
        return user

    def _anonymous(self, request: Request) -> User:
        if self._identity.anonymous and is_on_this_machine(_peer(request), request.headers):
            return ANONYMOUS
        raise NoToken("A bearer token is needed in the header Authorization.")

    def _user_of(self, token: str, address: str) -> User:
        if verify.is_opaque(token):
            # Each of these is shown to the issuer, who shall not be flooded through this service.
            self._limits.require_few_failures(address)
        try:
            return self.verifier.user(token)
        except InvalidToken as error:
            _log.warning("a token from %s is not accepted: %s", address, error)
            self._limits.failure(address)
            raise


def current_user(request: Request) -> User:
    """Return who REQUEST is of: for `Depends` in routes of an app that `install` has been called for."""
    guard: Guard = request.app.state.guard
    return guard.user(request)


def install(app: FastAPI, identity: Identity) -> Guard:
    """Give APP its guard, and the answers to those who are not let in. Raises BadInput for wrong settings."""
    guard = Guard(identity)
    app.state.guard = guard
    app.add_exception_handler(IdentityError, answer)
    return guard


def answer(_request: Request, error: Exception) -> JSONResponse:
    """Return the answer to an IdentityError, as OAuth 2.0 wants it."""
    assert isinstance(error, IdentityError)
    text = str(error)
    body: dict[str, Any] = {"error": error.error, "error_description": text}
    # As in all other errors of the API: orpy breaks where it finds no message.
    body |= {"code": error.status, "title": HTTPStatus(error.status).phrase, "message": text}
    return JSONResponse(body, error.status, headers=headers(error))


def headers(error: IdentityError) -> dict[str, str]:
    """Return the headers that go with ERROR: WWW-Authenticate (RFC 6750, 3), Retry-After."""
    made = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        made["Retry-After"] = str(error.retry_after)
    if not isinstance(error, IssuerUnavailable) and error.status in (400, 401, 403):
        made["WWW-Authenticate"] = _challenge(error)
    return made


def bearer(values: list[str]) -> str | None:
    """Return the token in the VALUES of the header Authorization, None when there is no such header.

    Raises BadRequest for several headers, NoToken for one of another scheme or without a token.
    """
    if not values:
        return None
    if len(values) > 1:
        raise BadRequest("There is more than one header Authorization.")
    found = _BEARER.fullmatch(values[0].strip(" "))
    if found is None:
        raise NoToken("The header Authorization must be `Bearer TOKEN`.")
    return found.group(1)


def is_on_this_machine(peer: str, headers: Mapping[str, str]) -> bool:
    """Say whether a request from the address PEER was made on this machine, and by no page of another site.

    A proxy on this machine has a loopback address too, and so has a browser that shows somebody's page: both are
    known by what they add. A name of somebody else that leads to a loopback address is known by Host.
    """
    if not is_loopback(peer) or any(_PROXIED.fullmatch(name.lower()) for name in headers):
        return False
    origin = headers.get("origin")
    return _is_local(f"//{headers.get('host', '')}") and (origin is None or _is_local(origin))


def _is_local(url: str) -> bool:
    try:
        host = urllib.parse.urlsplit(url).hostname
    except ValueError:
        return False
    return bool(host) and is_loopback(str(host))


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def _challenge(error: IdentityError) -> str:
    parts = {"realm": REALM}
    if not isinstance(error, NoToken):
        # RFC 6750, 3.1: who brought no token is not told what is wrong with it.
        parts |= {"error": error.error, "error_description": _UNQUOTABLE.sub(" ", str(error))}
    if isinstance(error, InsufficientScope):
        parts["scope"] = _UNQUOTABLE.sub("", " ".join(error.scopes))
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parts.items())
