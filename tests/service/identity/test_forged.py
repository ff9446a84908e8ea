# SPDX-License-Identifier: Apache-2.0
"""Tokens that somebody made up, altered, or got for something else: none gets in, and none breaks anything."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import time

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from indigo_paas.service.identity import verify
from indigo_paas.service.identity.errors import InvalidToken
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.identity.verify import Verifier
from tests.service.identity.conftest import trusting
from tests.service.identity.issuer import SigningKey, unsigned

STRANGER = SigningKey("first")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def verifier(provider):
    made = Verifier(Identity(issuers=(trusting(provider),), keys_pause=3600.0))
    yield made
    made.close()


def refuse(verifier, token):
    with pytest.raises(InvalidToken) as refused:
        verifier.user(token)
    assert (refused.value.status, refused.value.error) == (401, "invalid_token")
    return str(refused.value)


def test_the_token_that_all_others_differ_from_is_good(verifier, provider):
    assert verifier.user(provider.key.sign(provider.claims())).subject == "alice"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": None}, "never expires"),
        ({"exp": "soon"}, "exp is no time"),
        ({"exp": True}, "exp is no time"),
        ({"exp": math.inf}, "exp is no time"),
        ({"exp": math.nan}, "exp is no time"),
        ({"exp": [9e9]}, "exp is no time"),
        ({"nbf": 9_000_000_000}, "not valid yet"),
        ({"nbf": "x"}, "nbf is no time"),
        ({"iat": 9_000_000_000}, "not valid yet"),
        ({"iss": "https://elsewhere.example.org"}, "trusted here"),
        ({"iss": None}, "trusted here"),
        ({"iss": ["x"]}, "trusted here"),
        ({"aud": "another"}, "for the audience paas"),
        ({"aud": None}, "for the audience paas"),
        ({"aud": []}, "for the audience paas"),
        ({"aud": {"paas": "paas"}}, "for the audience paas"),
        ({"aud": [["paas"]]}, "for the audience paas"),
        ({"aud": "paas2"}, "for the audience paas"),
        ({"sub": None}, "whose it is"),
        ({"sub": ""}, "whose it is"),
        ({"sub": 7}, "whose it is"),
        ({"sub": "a" * 256}, "whose it is"),
        ({"sub": "alice\n"}, "whose it is"),
        ({"sub": "alice\0"}, "whose it is"),
        ({"cnf": {"jkt": "x"}}, "bound to a key"),
        ({"at_hash": "x"}, "not an access token"),
        ({"typ": "ID"}, "not an access token"),
        ({"typ": "Refresh"}, "not an access token"),
    ],
)
def test_claims_of_the_issuer_that_do_not_hold(verifier, provider, changed, said):
    assert said in refuse(verifier, provider.key.sign(provider.claims(**changed)))


@pytest.mark.parametrize("typ", ["logout+jwt", "dpop+jwt", "secevent+jwt", "", 7])
def test_other_kinds_of_tokens(verifier, provider, typ):
    header = {"alg": "RS256", "kid": "first", "typ": typ}
    assert "no access token" in refuse(verifier, unsigned(header, provider.claims(), b"x" * 256))


def test_an_id_token_is_for_its_client(verifier, provider):
    claims = provider.claims(aud="user", nonce="n", at_hash="h")
    refuse(verifier, provider.key.sign(claims, typ="JWT"))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, 7, ["RS256"], {"RS256": 1}])
def test_no_signature(verifier, provider, alg):
    for signature in b"", b"x", b"\0" * 256:
        refuse(verifier, unsigned({"alg": alg, "kid": "first", "typ": "at+jwt"}, provider.claims(), signature))


def test_a_signature_with_the_public_key_as_a_secret(verifier, provider):
    public = provider.key.private.public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    jwk = provider.key.jwk()
    secrets = [provider.key.pem, provider.key.pem.strip(), der, jwk["n"].encode(), json.dumps(jwk).encode(), b""]
    for alg, digest in ("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512):
        for secret in secrets:
            for typed in ("JWT", "at+jwt"):
                signed = unsigned({"alg": alg, "kid": "first", "typ": typed}, provider.claims()).rstrip(".")
                mac = hmac.new(secret, signed.encode(), digest).digest()
                refuse(verifier, f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


def test_a_stranger_with_the_keys_name(verifier, provider):
    for alg in "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA":
        refuse(verifier, SigningKey("first", alg).sign(provider.claims()))


@pytest.mark.parametrize(
    "kid",
    [
        "unknown",
        "",
        "../../../../dev/null",
        "/etc/passwd",
        "file:///dev/null",
        "' OR 1=1 --",
        "first\0",
        " first",
        "FIRST",
        "fi" + "r" * 5000 + "st",
        "| sleep 5",
    ],
)
def test_names_of_keys_that_mean_something_elsewhere(verifier, provider, kid):
    refuse(verifier, STRANGER.sign(provider.claims(), kid=kid))


def test_the_token_does_not_bring_its_own_key(verifier, provider):
    trap = f"{provider.url}/trap"
    jwk = STRANGER.jwk()
    own = {"jku": trap, "x5u": trap, "jwk": jwk, "x5c": ["MIIB"], "x5t": "x"}
    for kid in "first", "unknown", trap, None:
        for name in own:
            refuse(verifier, STRANGER.sign(provider.claims(), kid=kid, **{name: own[name]}))
        refuse(verifier, STRANGER.sign(provider.claims(), kid=kid, **own))
    assert provider.count("/trap") == 0
    # They do not matter where the signature is the issuer's.
    assert verifier.user(provider.key.sign(provider.claims(), **own)).subject == "alice"
    assert provider.count("/trap") == 0


@pytest.mark.parametrize("more", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"crit": ["b64"], "b64": False}])
def test_extensions_that_are_not_understood(verifier, provider, more):
    header = {"alg": "RS256", "kid": "first", "typ": "at+jwt", **more}
    assert "extension" in refuse(verifier, unsigned(header, provider.claims(), b"x" * 256))


def test_huge_and_deep(verifier, provider):
    refuse(verifier, "a" * 10_000_000)
    refuse(verifier, provider.key.sign(provider.claims(filler="x" * verify.LONGEST)))
    for deep in ("[" * 10_000, '{"a":' * 2_000, '{"alg":"RS256","a":' + "[" * 5_000):
        part = base64.urlsafe_b64encode(deep.encode()).rstrip(b"=").decode()
        refuse(verifier, f"{part[: verify.LONGEST // 2 - 10]}.{part[: verify.LONGEST // 2 - 10]}.x")
    number = unsigned({"alg": "RS256", "kid": "first"}, provider.claims()).split(".")
    number[1] = base64.urlsafe_b64encode(b'{"exp":' + b"9" * 5000 + b"}").rstrip(b"=").decode()
    refuse(verifier, ".".join(number))


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b", "a.b.c", "a.b.c.d.e", "e30.e30.e30", "bnVsbA.bnVsbA.", "\n", "é", "=", "a b"]
)
def test_what_is_no_token(verifier, token):
    refuse(verifier, token)


@settings(max_examples=300)
@given(st.text(max_size=200))
def test_any_text(verifier, text):
    refuse(verifier, text)


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
def test_any_bytes_as_parts(verifier, parts):
    refuse(verifier, ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts))


@settings(max_examples=500)
@given(st.data())
def test_an_altered_token(verifier, provider, data):
    good = _good(provider)
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 30)))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    altered = good[:start] + data.draw(st.text(alphabet, max_size=30)) + good[end:]
    assume(_parts(altered) != _parts(good))
    refuse(verifier, altered)


@settings(max_examples=200)
@given(st.permutations([0, 1, 2]), st.lists(st.integers(0, 2), min_size=1, max_size=5))
def test_parts_put_together_anew(verifier, provider, order, picked):
    good = _good(provider).split(".")
    other = provider.key.sign(provider.claims(sub="bob", aud="another")).split(".")
    mixed = [good[0], other[1], good[2]]
    refuse(verifier, ".".join(mixed))
    for parts in [good[i] for i in order], [good[i] for i in picked]:
        if parts != good:
            refuse(verifier, ".".join(parts))


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "jku", "x5c", "b64", "cty", "zip"]), JSON))
def test_any_header(verifier, provider, header):
    refuse(verifier, unsigned({"alg": "RS256", **header}, provider.claims(), b"x" * 256))


NAMES = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "scope",
    "scp",
    "groups",
    "email",
    "email_verified",
    "cnf",
    "jti",
    "wlcg",
]


@settings(max_examples=500)
@given(st.dictionaries(st.sampled_from(NAMES), JSON))
@example({"exp": 10**400})
@example({"nbf": -(10**400)})
@example({"groups": {"a": 1}, "scope": [1, None], "email": ["x"]})
@example({"sub": "\ud800"})
def test_any_claims_of_the_issuer_itself(verifier, provider, changed):
    claims = {**provider.claims(), **changed}
    try:
        user = verifier.user(provider.key.sign(claims))
    except InvalidToken:
        return
    now = time.time()
    assert (user.subject, user.issuer) == (claims["sub"], provider.url)
    assert claims["exp"] > now - 61
    assert max(claims.get("nbf") or 0, claims.get("iat") or 0) <= now + 61
    assert not user.admin


_made: dict[str, str] = {}


def _good(provider):
    """The same good token for all examples of a test, so that they shrink."""
    return _made.setdefault(provider.url, provider.key.sign(provider.claims(exp=int(time.time()) + 3600)))


def _parts(token):
    """What the parts of TOKEN stand for: the last bits of base64 may be of no meaning."""
    return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".") if len(part) % 4 != 1]
