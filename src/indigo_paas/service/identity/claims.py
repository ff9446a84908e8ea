# SPDX-License-Identifier: Apache-2.0
"""Whether claims hold here and now (RFC 7519, RFC 9068). Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from indigo_paas.service.identity.errors import InvalidToken
from indigo_paas.service.identity.settings import LONGEST_NAME, Issuer

# What Keycloak writes into tokens that are signed with the same keys.
_OTHER_KINDS = ("ID", "Refresh", "Offline", "Logout")


def require_valid(
    claims: Mapping[str, Any], issuer: Issuer, now: float, leeway: float, *, introspected: bool = False
) -> None:
    """Raise InvalidToken unless CLAIMS are of ISSUER, for this service, and hold at NOW (epoch seconds).

    introspected: the issuer itself just said them, and may leave `iss` and `exp` out.
    """
    if claims.get("iss", issuer.url if introspected else None) != issuer.url:
        raise InvalidToken(f"The token is not of the issuer {issuer.url}.")
    _require_times(claims, now, leeway, needs_end=not introspected)
    _require_audience(claims.get("aud"), issuer)
    _require_subject(claims.get("sub"))
    if "at_hash" in claims or claims.get("typ") in _OTHER_KINDS:
        raise InvalidToken("The token is an ID token or the like, not an access token.")
    if "cnf" in claims:
        raise InvalidToken("The token is bound to a key of its holder (cnf), which is not supported here.")


def _require_times(claims: Mapping[str, Any], now: float, leeway: float, needs_end: bool) -> None:
    end, begin, made = (_time(claims, name) for name in ("exp", "nbf", "iat"))
    if end is None and needs_end:
        raise InvalidToken("The token never expires (it has no claim exp), which is not accepted.")
    if end is not None and end <= now - leeway:
        raise InvalidToken("The token has expired. Get a new one.")
    if max(begin or 0.0, made or 0.0) > now + leeway:
        raise InvalidToken("The token is not valid yet. Wait, or set the clocks right.")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    try:
        seconds = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise InvalidToken(f"The token's claim {name} is no time.")
    return seconds


def _require_audience(found: Any, issuer: Issuer) -> None:
    if not issuer.audience:
        return
    named = [found] if isinstance(found, str) else found
    if not isinstance(named, list) or not any(name in issuer.audience for name in named if isinstance(name, str)):
        wanted = " or ".join(issuer.audience)
        raise InvalidToken(f"The token is not for this service. Get one for the audience {wanted}.")


def _require_subject(subject: Any) -> None:
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_NAME or not subject.isprintable():
        raise InvalidToken("The token does not say whose it is (claim sub).")
