# SPDX-License-Identifier: Apache-2.0
"""Tokens for what runs later: got by token exchange (RFC 8693) when the user asks, refreshed when they are wanted."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from typing import Any

from indigo_paas.service.identity.errors import InsufficientScope, IssuerUnavailable, NoRefreshToken
from indigo_paas.service.identity.provider import Provider
from indigo_paas.service.identity.sealing import Seal, Unreadable, seal_of
from indigo_paas.service.identity.verify import Verifier
from indigo_paas.service.identity.web import Answer
from indigo_paas.service.model import User
from indigo_paas.service.settings import ServiceSettings
from indigo_paas.store import Store, open_store
from indigo_paas.store.sealed_tokens import Key, SealedToken

# An access token is refreshed when it has less than this left, or half of a life that is short (seconds).
LEAST = 300.0
# A refresh token is got anew when the user comes again after this (seconds).
_RENEWAL = 24 * 3600.0
# What is assumed of an access token whose answer does not say how long it is good for (RFC 6749, 5.1).
_UNSAID = 600.0
_LONGEST = 30 * 24 * 3600.0
_PAUSE = 0.1

_TYPE = "urn:ietf:params:oauth:token-type:"
# Refusals that no other token of the user would change.
_OWN_FAULTS = {"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_target", "invalid_request"}
_WORD = re.compile(r"[a-z_]{1,40}")

_log = logging.getLogger(__name__)


class Tokens:
    """The refresh tokens of users, in STORE and encrypted by SEAL; for many threads and processes.

    verifier: knows the issuers. timeout: of Identity. Tokens under older keys of SEAL are encrypted anew.
    """

    def __init__(self, store: Store, seal: Seal, verifier: Verifier, timeout: float) -> None:
        self._store = store
        self._stored = store.tokens
        self._seal = seal
        self._verifier = verifier
        # A refresh asks for the configuration of the issuer, then for the token.
        self._longest = 2 * timeout + 5
        self._renew_seals()

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    def keep(self, user: User) -> None:
        """Get a refresh token for USER, where the issuer's settings want it and there is none from the last day.

        Raises InsufficientScope when the issuer gives none for this token, IssuerUnavailable.
        """
        if user.token is None:
            return
        provider = self._verifier.provider(user.issuer)
        key = _key(provider, user.subject)
        if not provider.issuer.exchange:
            return
        if self._is_recent(key):
            self._stored.touch(key)
            return
        answer = provider.grant(_exchange(provider, user.token))
        if not answer.ok:
            raise _not_exchanged(provider, answer)
        got = answer.body
        if not _is_text(got.get("access_token")) or not _is_text(got.get("refresh_token")):
            raise InsufficientScope(_NONE_THAT_LASTS, provider.issuer.exchange_scopes)
        self._put(key, got, got["refresh_token"], time.time())

    def access_token(self, subject: str, issuer: str) -> str:
        """Return an access token of the user that is good for minutes.

        Raises NoRefreshToken when there is none and only the user could give one, IssuerUnavailable.
        """
        provider = self._verifier.provider(issuer)
        key = _key(provider, subject)
        deadline = time.time() + self._longest
        while True:
            row, held = self._held(key)
            if _is_fresh(row):
                return str(held["access_token"])
            now = time.time()
            until = now + self._longest
            # Where refresh tokens are for one use, two processes that refresh at once would lose both.
            if self._stored.lease(key, now, until):
                try:
                    return self._refreshed(provider, key)
                finally:
                    self._stored.release(key, until)
            if now > deadline:
                raise IssuerUnavailable(f"Nothing comes of the refresh of a token of {issuer}. Try again.", 5)
            time.sleep(_PAUSE)

    def _refreshed(self, provider: Provider, key: Key) -> str:
        row, held = self._held(key)
        if _is_fresh(row):
            return str(held["access_token"])
        answer = provider.grant({"grant_type": "refresh_token", "refresh_token": held["refresh_token"]})
        word = _word(answer)
        if word == "invalid_grant":
            self._stored.remove(key, row.sealed)
            raise _no_token(provider.issuer.url)
        if not answer.ok or not _is_text(answer.body.get("access_token")):
            _log.warning("the issuer %s does not refresh a token: HTTP %s %s", provider.issuer.url, answer.status, word)
            raise IssuerUnavailable(f"The issuer {provider.issuer.url} does not refresh a token. Try again soon.", 60)
        # Where refresh tokens are for one use, the next one comes along.
        refresh_token = answer.body.get("refresh_token") or held["refresh_token"]
        self._put(key, answer.body, str(refresh_token), row.exchanged)
        return str(answer.body["access_token"])

    def _held(self, key: Key) -> tuple[SealedToken, dict[str, Any]]:
        row = self._stored.get(key)
        if row is None:
            raise _no_token(key[1])
        try:
            return row, self._seal.open(row.sealed, key)
        except Unreadable:
            _log.warning("a stored token of the issuer %s is not sealed with a key that is there", key[1])
            raise _no_token(key[1]) from None

    def _put(self, key: Key, got: Mapping[str, Any], refresh_token: str, exchanged: float) -> None:
        said = got.get("expires_in")
        lifetime = float(min(said, _LONGEST)) if isinstance(said, int | float) and said >= 0 else _UNSAID
        sealed = self._seal.close({"access_token": got["access_token"], "refresh_token": refresh_token}, key)
        self._stored.put(key, SealedToken(sealed, time.time() + lifetime, lifetime, exchanged))

    def _is_recent(self, key: Key) -> bool:
        try:
            return time.time() - self._held(key)[0].exchanged < _RENEWAL
        except NoRefreshToken:
            return False

    def _renew_seals(self) -> None:
        for key, sealed in self._stored.all():
            renewed = self._seal.renewed(sealed)
            if renewed:
                self._stored.replace(key, sealed, renewed)


def open_tokens(settings: ServiceSettings, verifier: Verifier) -> Tokens | None:
    """Return the tokens of the service with these SETTINGS, None where no issuer is to exchange any.

    Raises BadInput for what is wrong with the file of keys.
    """
    if not any(issuer.exchange for issuer in settings.identity.issuers):
        return None
    seal = seal_of(settings.identity.token_keys_file or settings.home / "token-keys")
    engine = settings.engine()
    store = open_store(engine.database or engine.home.database)
    return Tokens(store, seal, verifier, settings.identity.timeout)


_NONE_THAT_LASTS = (
    "The issuer gives no refresh token for this token, and what is asked for runs longer than the token is good for. "
    "Get one with the scope offline_access."
)


def _key(provider: Provider, subject: str) -> Key:
    return (provider.issuer.client_id, provider.issuer.url, subject)


def _exchange(provider: Provider, token: str) -> dict[str, str]:
    issuer = provider.issuer
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": token,
        "subject_token_type": f"{_TYPE}access_token",
        "scope": " ".join(issuer.exchange_scopes),
    }
    return {**form, "audience": issuer.exchange_audience} if issuer.exchange_audience else form


def _not_exchanged(provider: Provider, answer: Answer) -> InsufficientScope | IssuerUnavailable:
    word = _word(answer)
    _log.warning("the issuer %s does not exchange a token: HTTP %s %s", provider.issuer.url, answer.status, word)
    if word in _OWN_FAULTS or answer.status == 401:
        return IssuerUnavailable(f"The issuer {provider.issuer.url} does not let this service exchange tokens.")
    return InsufficientScope(_NONE_THAT_LASTS, provider.issuer.exchange_scopes)


def _no_token(issuer: str) -> NoRefreshToken:
    return NoRefreshToken(
        f"There is no token of the issuer {issuer} that still can be refreshed. Ask again, as by an update, "
        "with a new token."
    )


def _is_fresh(row: SealedToken) -> bool:
    return row.expires - time.time() >= min(LEAST, row.lifetime / 2)


def _word(answer: Answer) -> str:
    """Return the issuer's word for a refusal, "" for none; what else it writes may hold the token."""
    word = "" if answer.ok else answer.body.get("error")
    return word if isinstance(word, str) and _WORD.fullmatch(word) else ""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
