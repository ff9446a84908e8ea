# SPDX-License-Identifier: Apache-2.0
"""Whether a bearer token is good, and whose it is."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from indigo_paas.errors import BadInput
from indigo_paas.service.identity import claims as rules
from indigo_paas.service.identity import users
from indigo_paas.service.identity.errors import InvalidToken
from indigo_paas.service.identity.kept import Answers
from indigo_paas.service.identity.provider import Provider
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.model import User

LONGEST = 16_384

Said = Mapping[str, Any]

# RFC 6750, 2.1.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_SIGNED = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
# What an access token may call itself (RFC 9068, 2.1; RFC 8725, 3.11). Others are of another kind, as logout tokens.
_TYPES = {"jwt", "at+jwt", "application/at+jwt"}


@dataclass(frozen=True)
class Unverified:
    """Header and claims of a JWT as it says them: good for nothing but to find who can say more."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


class Verifier:
    """Judges the tokens of the issuers in IDENTITY; for many threads."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._providers = {issuer.url: Provider(issuer, identity) for issuer in identity.issuers}
        self._asked: dict[str, Answers[Said]] = {url: Answers() for url in self._providers}
        self._told: dict[str, Answers[Said]] = {url: Answers() for url in self._providers}
        self._refused: Answers[str] = Answers()
        self._jws = jwt.PyJWS()

    def close(self) -> None:
        for provider in self._providers.values():
            provider.close()

    def provider(self, url: str) -> Provider:
        """Return the provider of the issuer URL; raise BadInput when it is not trusted."""
        try:
            return self._providers[url]
        except KeyError:
            raise BadInput(f"The issuer {url} is not in the settings (identity.issuers) any more.") from None

    def user(self, token: str) -> User:
        """Return whose TOKEN is.

        Raises InvalidToken, and IssuerUnavailable when its issuer must be asked and does not answer.
        """
        require_sound(token)
        unverified = read(token)
        if unverified is None:
            return self._user_of_opaque(token)
        provider = self._provider_of(unverified.claims)
        self._require_signed(token, unverified.header, provider)
        rules.require_valid(unverified.claims, provider.issuer, time.time(), self._identity.leeway)
        claims = dict(unverified.claims)
        if provider.issuer.check_revoked:
            claims = self._joined(claims, self._introspected(token, provider))
        return self._user(token, claims, provider)

    def _user_of_opaque(self, token: str) -> User:
        for provider in self._providers.values():
            if provider.issuer.opaque_tokens:
                claims = {"iss": provider.issuer.url, **self._introspected(token, provider)}
                now = time.time()
                rules.require_valid(claims, provider.issuer, now, self._identity.leeway, introspected=True)
                return self._user(token, claims, provider)
        raise InvalidToken("The token is no JWT, and no issuer is asked for others here.")

    def _user(self, token: str, claims: Mapping[str, Any], provider: Provider) -> User:
        if provider.issuer.userinfo:
            told = self._answered(self._told[provider.issuer.url], token, provider.userinfo)
            claims = self._joined(claims, told)
        return users.user_of(claims, provider.issuer, token)

    def _provider_of(self, claims: Mapping[str, Any]) -> Provider:
        named = claims.get("iss")
        found = self._providers.get(named) if isinstance(named, str) else None
        if found is None:
            trusted = ", ".join(self._providers) or "none"
            raise InvalidToken(f"The token is not of an issuer that is trusted here: {trusted}.")
        return found

    def _require_signed(self, token: str, header: Mapping[str, Any], provider: Provider) -> None:
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in provider.issuer.algorithms:
            wanted = ", ".join(provider.issuer.algorithms)
            raise InvalidToken(f"The token is not signed as it must be: by {wanted}.")
        if kid is not None and not isinstance(kid, str):
            raise InvalidToken("The token's header is wrong: kid is no text.")
        for key in provider.candidates(kid, algorithm):
            if self._is_signed_by(key.public, token, algorithm):
                return
        raise InvalidToken("The token's signature is not of its issuer.")

    def _is_signed_by(self, key: Any, token: str, algorithm: str) -> bool:
        try:
            self._jws.decode_complete(token, key, algorithms=[algorithm])
        except (jwt.PyJWTError, ValueError, TypeError):
            return False
        return True

    def _introspected(self, token: str, provider: Provider) -> Mapping[str, Any]:
        refused = self._refused.get(token)
        if refused:
            raise InvalidToken(refused)
        try:
            return self._answered(self._asked[provider.issuer.url], token, provider.introspect)
        except InvalidToken as error:
            self._refused.put(token, str(error), self._identity.answers_lifetime)
            raise

    def _answered(self, answers: Answers[Said], token: str, ask: Callable[[str], Said]) -> Said:
        """Return what ASK says of TOKEN, now or a moment ago."""
        found = answers.get(token)
        if found is None:
            found = ask(token)
            answers.put(token, found, self._identity.answers_lifetime)
        return found

    def _joined(self, signed: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the token says, and what it leaves out as the issuer TOLD it of the same subject."""
        if told.get("sub", signed["sub"]) != signed["sub"]:
            raise InvalidToken("The issuer says that the token is of somebody else.")
        return {**told, **signed}


def is_opaque(token: str) -> bool:
    """Say whether TOKEN says nothing of itself, so that only its issuer can judge it."""
    try:
        return read(token) is None
    except InvalidToken:
        return False


def require_sound(token: str) -> None:
    """Raise InvalidToken unless TOKEN has the form of a bearer token and a length that one has."""
    if len(token) > LONGEST:
        raise InvalidToken(f"The token is longer than {LONGEST} characters.")
    if not _TOKEN.fullmatch(token):
        raise InvalidToken("The token has characters that no bearer token has.")


def read(token: str) -> Unverified | None:
    """Return what the JWT TOKEN says of itself, None when it is none. Raises InvalidToken for a wrong one."""
    if not _SIGNED.fullmatch(token):
        return None
    header, claims = (_object(part) for part in token.split(".")[:2])
    if header is None or "alg" not in header:
        return None
    if claims is None:
        raise InvalidToken("The token is a JWT without claims.")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise InvalidToken("The token is a JWT, but no access token.")
    if "crit" in header or "b64" in header:
        raise InvalidToken("The token wants an extension of JWS that is not supported here.")
    return Unverified(header, claims)


def _object(part: str) -> dict[str, Any] | None:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
