# SPDX-License-Identifier: Apache-2.0
"""The public keys of an issuer, read from its JWK set (RFC 7517). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from indigo_paas.service.identity.settings import ALGORITHMS

SHORTEST_RSA = 2048

# A token that names no key is tried with this many.
_MOST_TRIED = 8

_CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
# What of a JWK is public: a set that is published with its private parts is still only used to verify.
_PUBLIC = ("kty", "crv", "n", "e", "x", "y")


@dataclass(frozen=True)
class Key:
    """A public key. kid: its name, None without one. algorithms: those that it is for. public: as PyJWT takes it."""

    kid: str | None
    algorithms: frozenset[str]
    public: Any


def read(document: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return the keys of a JWK set that can verify a signature; what is wrong or of another kind is left out."""
    listed = document.get("keys")
    read_ones = map(_key, listed if isinstance(listed, list) else [])
    return tuple(key for key in read_ones if key is not None and key.algorithms)


def candidates(keys: Iterable[Key], kid: str | None, algorithm: str) -> list[Key]:
    """Return the keys that may have signed a token whose header has KID and ALGORITHM."""
    fitting = [key for key in keys if algorithm in key.algorithms and (kid is None or key.kid == kid)]
    return fitting[:_MOST_TRIED]


def _key(entry: Any) -> Key | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or not _verifies(entry.get("key_ops")):
        return None
    algorithms = _algorithms(entry.get("kty"), entry.get("crv"))
    public = _public(entry, min(algorithms)) if algorithms else None
    if public is None or (isinstance(public, RSAPublicKey) and public.key_size < SHORTEST_RSA):
        return None
    kid, only = entry.get("kid"), entry.get("alg")
    fitting = frozenset(name for name in algorithms if only in (None, name))
    return Key(kid if isinstance(kid, str) else None, fitting, public)


def _verifies(operations: Any) -> bool:
    return operations is None or (isinstance(operations, list) and "verify" in operations)


def _algorithms(kty: Any, crv: Any) -> frozenset[str]:
    """Return the algorithms of a key of the type KTY and, unless it is RSA, on the curve CRV."""
    if kty == "RSA":
        return frozenset(name for name in ALGORITHMS if name[:2] in ("RS", "PS"))
    if kty == "EC" and isinstance(crv, str) and crv in _CURVES:
        return frozenset({_CURVES[crv]})
    return frozenset({"EdDSA"} if (kty, crv) == ("OKP", "Ed25519") else ())


def _public(entry: Mapping[str, Any], algorithm: str) -> Any:
    """Return the public key of a JWK, None when it is wrong."""
    try:
        return jwt.PyJWK({name: entry[name] for name in _PUBLIC if name in entry}, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        return None
