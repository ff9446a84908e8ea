# SPDX-License-Identifier: Apache-2.0
"""Why somebody is not let in, with the HTTP status and the OAuth word for it. No text holds a part of a token."""

from __future__ import annotations

from indigo_paas.errors import IndigoError


class IdentityError(IndigoError):
    """Nobody is let in, or not for this.

    status: of HTTP. error: the word of OAuth 2.0 (RFC 6749, RFC 6750). retry_after: seconds, None where waiting helps
    nothing.
    """

    status = 401
    error = "unauthorized"

    def __init__(self, text: str, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class NoToken(IdentityError):
    """There is no token."""


class BadRequest(IdentityError):
    """The header Authorization is not as it must be."""

    status = 400
    error = "invalid_request"


class InvalidToken(IdentityError):
    """The token is wrong, too old, or not for this service."""

    error = "invalid_token"


class InsufficientScope(IdentityError):
    """The token is good, but not for this. scopes: what it must have."""

    status = 403
    error = "insufficient_scope"

    def __init__(self, text: str, scopes: tuple[str, ...]) -> None:
        super().__init__(text)
        self.scopes = scopes


class IssuerUnavailable(IdentityError):
    """The issuer does not say what is needed to judge the token; the token may be good."""

    status = 503
    error = "temporarily_unavailable"


class TooManyRequests(IdentityError):
    """Too much was asked in too short a time."""

    status = 429
    error = "too_many_requests"


class NoRefreshToken(IdentityError):
    """What runs later has no token of the user any more: the user must ask again, with a new one."""
