# SPDX-License-Identifier: Apache-2.0
"""The section [identity] of the service's settings: which issuers are trusted, and with what.

What is wrong with a value is a ValueError whose text begins with the key.
"""

from __future__ import annotations

import re
import stat
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

from indigo_paas.errors import BadInput
from indigo_paas.service.identity import addresses

# Signed with a private key that the issuer alone has. With the HS family whoever verifies could also sign.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")

# As long as the store takes it, of subjects too.
LONGEST_NAME = 255

_RATE = re.compile(r"[1-9]\d{0,8}/([1-9]\d{0,3} )?(second|minute|hour|day)s?")

GROUPS_CLAIMS = ("groups", "wlcg.groups", "entitlements", "eduperson_entitlement")


@dataclass(frozen=True)
class Issuer:
    """One OpenID provider whose tokens are accepted.

    url: exactly what its tokens have in `iss`. audience: a token must be for one of these; empty, for any.
    client_id, client_secret or client_secret_file: this service at the issuer; wanted by all that asks it.
    groups_claims: the claims that hold groups, one of the form `a.b` also `b` inside of `a`. admins, admin_groups:
    subjects, and groups, that administer the service. read_scopes, change_scopes: what a token must have to look, and
    to make, change or delete.
    opaque_tokens: tokens that are no JWT are shown to the issuer. check_revoked: JWTs too, once they are verified.
    userinfo: claims that the token lacks are asked of the issuer. exchange: refresh tokens are got by token exchange,
    with exchange_scopes and for exchange_audience, for what runs later. ca_file: the authorities of its certificate.
    """

    url: str = ""
    audience: tuple[str, ...] | None = None
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    client_secret_file: Path | None = None
    algorithms: tuple[str, ...] = ALGORITHMS
    groups_claims: tuple[str, ...] = GROUPS_CLAIMS
    admins: tuple[str, ...] = ()
    admin_groups: tuple[str, ...] = ()
    read_scopes: tuple[str, ...] = ()
    change_scopes: tuple[str, ...] = ()
    opaque_tokens: bool = False
    check_revoked: bool = False
    userinfo: bool = False
    exchange: bool = False
    exchange_audience: str = ""
    exchange_scopes: tuple[str, ...] = ("openid", "profile", "offline_access")
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        if not self.url:
            raise ValueError("url is missing. Write what the tokens of the issuer have in the claim iss")
        if not is_private(self.url):
            raise ValueError(f"url must begin with https:// (http:// is for this machine only), not {self.url!r}")
        for key in ("url", "client_id"):
            if len(getattr(self, key)) > LONGEST_NAME:
                raise ValueError(f"{key} is longer than {LONGEST_NAME} characters")
        if self.audience is None:
            raise ValueError('audience is missing. Write those of your service, as ["paas"], or [] to take any token')
        for key in _LISTS:
            if not all(isinstance(item, str) and item for item in getattr(self, key)):
                raise ValueError(f"{key} must be a list of texts that are not empty")
        self._require_asymmetric()
        self._require_client()

    def _require_asymmetric(self) -> None:
        for name in self.algorithms:
            if name not in ALGORITHMS:
                raise ValueError(f"algorithms cannot have {name!r}. There is {', '.join(ALGORITHMS)}")
        if not self.algorithms:
            raise ValueError("algorithms must not be empty")

    def _require_client(self) -> None:
        if self.client_secret and self.client_secret_file:
            raise ValueError("client_secret and client_secret_file are both given. Keep one of them")
        has_secret = bool(self.client_secret or self.client_secret_file)
        for key in ("opaque_tokens", "check_revoked", "exchange"):
            if getattr(self, key) and not (self.client_id and has_secret):
                raise ValueError(f"{key} needs client_id and client_secret (or client_secret_file)")

    @property
    def secret(self) -> str:
        """The client's secret. Raises BadInput when its file cannot be read, or by others too."""
        if self.client_secret_file is None:
            return self.client_secret
        return read_private(self.client_secret_file, stat.S_IRWXO).strip()


_LISTS = ("audience", "algorithms", "groups_claims", "admins", "admin_groups", "read_scopes", "change_scopes")


@dataclass(frozen=True)
class Identity:
    """Who may ask, and how often.

    anonymous: who asks from this very machine without a token is let in as an administrator of what has no owner.
    leeway: seconds by which clocks may differ. timeout: seconds in which an issuer must answer.
    keys_lifetime: seconds after which an issuer's keys are got anew. keys_pause: seconds between two looks for a key
    that is not among them. answers_lifetime: seconds for which an issuer's word about one token holds.
    token_keys_file: the keys that encrypt refresh tokens, one a line; by default token-keys in the home.
    requests, changes: how often a user may ask, and change; failures: how often an address may come with tokens that
    are not accepted. As in "600/minute"; "" is no limit.
    """

    issuers: tuple[Issuer, ...] = ()
    anonymous: bool = False
    leeway: float = 60.0
    timeout: float = 10.0
    keys_lifetime: float = 600.0
    keys_pause: float = 30.0
    answers_lifetime: float = 30.0
    token_keys_file: Path | None = None
    requests: str = "600/minute"
    changes: str = "60/minute"
    failures: str = "60/minute"

    def __post_init__(self) -> None:
        for key in ("leeway", "keys_lifetime", "keys_pause", "answers_lifetime"):
            if getattr(self, key) < 0:
                raise ValueError(f"{key} must not be below 0")
        if self.timeout <= 0:
            raise ValueError("timeout must be above 0")
        for key in ("requests", "changes", "failures"):
            _require_rate(key, getattr(self, key))
        urls = [issuer.url for issuer in self.issuers]
        if len(set(urls)) < len(urls):
            raise ValueError("issuers has one url twice")
        if sum(issuer.opaque_tokens for issuer in self.issuers) > 1:
            # A token that names no issuer would be shown to issuers that it is not of.
            raise ValueError(
                "issuers has opaque_tokens more than once. Such a token does not say whose it is: keep one"
            )


def is_private(url: str) -> bool:
    """Say whether nobody on the way reads what is sent to URL: it is https, or http on this machine."""
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    if not host or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and addresses.is_loopback(host))


def read_private(file: Path, forbidden: int) -> str:
    """Return the text of FILE; raise BadInput when it cannot be read, or its mode has a bit of FORBIDDEN."""
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}.") from None
    if mode & forbidden:
        raise BadInput(f"{file} holds a secret, and others may read it. Do `chmod 600 {file}`.")
    return text


def _require_rate(key: str, rate: str) -> None:
    if rate and not _RATE.fullmatch(rate):
        raise ValueError(f'{key} must be a rate as "600/minute" or "5/10 seconds", or "" for none, not {rate!r}')
