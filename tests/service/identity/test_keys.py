# SPDX-License-Identifier: Apache-2.0
"""What is read of an issuer's JWK set, and which key a token may be signed with."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from indigo_paas.service.identity import keys
from tests.service.identity.issuer import SigningKey

RSA, P256, ED = SigningKey("r", "RS256"), SigningKey("e", "ES256"), SigningKey("o", "EdDSA")


def read(*entries):
    return keys.read({"keys": list(entries)})


def without(jwk, *names):
    return {name: value for name, value in jwk.items() if name not in names}


def test_a_set():
    found = read(RSA.jwk(), P256.jwk(), ED.jwk())
    assert [(key.kid, set(key.algorithms)) for key in found] == [("r", {"RS256"}), ("e", {"ES256"}), ("o", {"EdDSA"})]


def test_a_key_that_does_not_say_its_algorithm_is_for_all_it_fits():
    found = read(without(RSA.jwk(), "alg"), without(P256.jwk(), "alg"))
    assert [set(key.algorithms) for key in found] == [
        {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
        {"ES256"},
    ]


def test_candidates():
    found = read(without(RSA.jwk(), "alg"), {**RSA.jwk(), "kid": "other"}, P256.jwk())
    assert [key.kid for key in keys.candidates(found, "r", "RS256")] == ["r"]
    assert [key.kid for key in keys.candidates(found, None, "RS256")] == ["r", "other"]
    assert [key.kid for key in keys.candidates(found, None, "PS256")] == ["r"]
    assert keys.candidates(found, "r", "ES256") == []
    assert keys.candidates(found, "unknown", "RS256") == []


def test_not_too_many_are_tried():
    assert len(keys.candidates(read(*[RSA.jwk()] * 100), None, "RS256")) < 10


def test_private_parts_are_not_used():
    (key,) = read(RSA.jwk(private=True))
    assert isinstance(key.public, rsa.RSAPublicKey)


SMALL = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True)
KOBLITZ = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256K1()).public_key(), as_dict=True)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "text",
        {},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        {**RSA.jwk(), "use": "enc"},
        {**RSA.jwk(), "key_ops": ["encrypt"]},
        {**RSA.jwk(), "key_ops": "verify"},
        {**RSA.jwk(), "alg": "RSA-OAEP"},
        {**RSA.jwk(), "alg": "HS256"},
        {**RSA.jwk(), "alg": "none"},
        {**RSA.jwk(), "alg": ["RS256"]},
        {**RSA.jwk(), "n": 7},
        {**RSA.jwk(), "n": "!"},
        {**RSA.jwk(), "n": ""},
        without(RSA.jwk(), "e"),
        {**P256.jwk(), "crv": "P-521"},
        {**P256.jwk(), "crv": ["P-256"]},
        {**P256.jwk(), "x": P256.jwk()["y"]},
        {**P256.jwk(), "alg": "ES384"},
        {**ED.jwk(), "crv": "X25519"},
        {**ED.jwk(), "x": "AA"},
        SMALL,
        KOBLITZ,
    ],
)
def test_what_cannot_verify_is_left_out(entry):
    assert [key.kid for key in read(entry, RSA.jwk())] == ["r"]


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": "x"}])
def test_no_set(document):
    assert keys.read(document) == ()


VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=2)
ENTRIES = st.sampled_from([RSA.jwk(), P256.jwk(), ED.jwk()])


@given(ENTRIES, st.sampled_from(["kty", "crv", "n", "e", "x", "y", "alg", "use", "key_ops", "kid"]), VALUES)
def test_anything_in_a_set(entry, name, value):
    for key in read({**entry, name: value}):
        assert key.algorithms


def test_an_algorithm_that_no_list_can_hold_does_not_break_the_set():
    assert [key.kid for key in read({**RSA.jwk(), "alg": {"a": []}}, P256.jwk())] == ["e"]
