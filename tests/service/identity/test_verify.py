# SPDX-License-Identifier: Apache-2.0
"""Good tokens of a real provider get in, whatever it does meanwhile: it changes keys, it is slow, it is gone."""

from __future__ import annotations

import time

import pytest

from indigo_paas.service.identity import verify
from indigo_paas.service.identity.errors import InvalidToken, IssuerUnavailable
from tests.service.identity.issuer import SCOPES, SERVICE_CLIENT, SigningKey, unsigned
from tests.service.identity.recorder import DISCOVERY

KEYS = "/jwks"
INTROSPECTION = "/token/introspection"


def test_a_users_token_says_who_it_is(provider, verifier_of):
    token = provider.token("alice")
    user = verifier_of(provider).user(token)
    assert (user.subject, user.issuer, user.token) == ("alice", provider.url, token)
    assert user.groups == {"cms", "cms/admins", "/cms", "/cms/admins"}
    assert user.scopes == set(SCOPES.split())
    assert not user.admin
    assert token not in repr(user)


def test_a_service_is_a_user_too(provider, verifier_of):
    got = provider.grant(SERVICE_CLIENT, grant_type="client_credentials", scope="profile")
    user = verifier_of(provider).user(got.json()["access_token"])
    assert user.subject == SERVICE_CLIENT[0]
    assert user.groups == frozenset()


def test_administrators(provider, verifier_of):
    verifier = verifier_of(provider, admins=("bob",), admin_groups=("paas/admins",))
    assert {name: verifier.user(provider.token(name)).admin for name in ("alice", "bob", "root")} == {
        "alice": False,
        "bob": True,
        "root": True,
    }


@pytest.mark.parametrize("alg", ["RS256", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"])
def test_algorithms(own_provider, verifier_of, alg):
    own_provider.rotate(SigningKey("other", alg))
    verifier = verifier_of(own_provider)
    assert verifier.user(own_provider.token()).subject == "alice"
    assert verifier.user(own_provider.key.sign(own_provider.claims())).subject == "alice"


def test_only_the_algorithms_of_the_settings(provider, verifier_of):
    with pytest.raises(InvalidToken, match="signed as it must be: by ES256"):
        verifier_of(provider, algorithms=("ES256",)).user(provider.token())


def test_any_audience_where_the_settings_say_so(provider, verifier_of):
    token = provider.token(audience="elsewhere")
    with pytest.raises(InvalidToken, match="for the audience paas"):
        verifier_of(provider).user(token)
    assert verifier_of(provider, audience=()).user(token).subject == "alice"


@pytest.mark.parametrize("aud", ["paas", ["other", "paas"]])
def test_one_audience_of_several_is_enough(provider, verifier_of, aud):
    token = provider.key.sign(provider.claims(aud=aud))
    assert verifier_of(provider, audience=("x", "paas")).user(token).subject == "alice"


def test_clocks_may_differ_a_little(provider, verifier_of):
    verifier = verifier_of(provider)
    now = provider.claims()["iat"]
    for claims in ({"exp": now - 40}, {"nbf": now + 40}, {"iat": now + 40}):
        assert verifier.user(provider.key.sign(provider.claims(**claims))).subject == "alice"
    strict = verifier_of(provider, {"leeway": 0.0})
    for claims in ({"exp": now - 40}, {"nbf": now + 40}, {"iat": now + 40}):
        with pytest.raises(InvalidToken):
            strict.user(provider.key.sign(provider.claims(**claims)))


def test_a_token_that_names_no_key(own_provider, verifier_of):
    own_provider.rotate(SigningKey("b"), SigningKey("c", "ES256"), own_provider.key)
    token = own_provider.key.sign(own_provider.claims(), kid=None)
    assert verifier_of(own_provider).user(token).subject == "alice"


def test_new_keys_are_found_and_old_ones_are_forgotten(own_provider, verifier_of):
    verifier = verifier_of(own_provider)
    old_token = own_provider.token()
    assert verifier.user(old_token).subject == "alice"
    assert verifier.user(old_token).subject == "alice"
    assert own_provider.count(KEYS) == 1
    own_provider.rotate(SigningKey("second"))
    assert verifier.user(own_provider.token()).subject == "alice"
    assert own_provider.count(KEYS) == 2
    with pytest.raises(InvalidToken):
        verifier.user(old_token)


def test_an_old_key_that_is_still_published_is_good(own_provider, verifier_of):
    verifier = verifier_of(own_provider)
    old, old_token = own_provider.key, own_provider.token()
    own_provider.rotate(SigningKey("second"), old)
    assert verifier.user(own_provider.token()).subject == "alice"
    assert verifier.user(old_token).subject == "alice"


def test_unknown_keys_make_the_issuer_be_asked_only_now_and_then(own_provider, verifier_of):
    verifier = verifier_of(own_provider)
    stranger = SigningKey("stranger")
    for number in range(20):
        with pytest.raises(InvalidToken, match="signature"):
            verifier.user(stranger.sign(own_provider.claims(), kid=f"stranger {number}"))
    assert own_provider.count(KEYS) == 2
    eager = verifier_of(own_provider, {"keys_pause": 0.0})
    for number in range(3):
        with pytest.raises(InvalidToken):
            eager.user(stranger.sign(own_provider.claims(), kid=f"stranger {number}"))
    assert own_provider.count(KEYS) == 6


def test_keys_are_got_anew_after_their_lifetime(own_provider, verifier_of):
    verifier = verifier_of(own_provider, {"keys_lifetime": 0.0})
    for _ in range(3):
        verifier.user(own_provider.token())
    assert own_provider.count(KEYS) == 3


def test_an_issuer_that_does_not_answer_is_no_fault_of_the_token(own_provider, verifier_of):
    token = own_provider.token()
    with own_provider.silent(), pytest.raises(IssuerUnavailable, match="does not answer") as refused:
        verifier_of(own_provider, {"timeout": 0.3}).user(token)
    assert refused.value.status == 503
    assert refused.value.retry_after
    own_provider.process.kill()
    own_provider.process.wait()
    with pytest.raises(IssuerUnavailable, match=own_provider.url):
        verifier_of(own_provider).user(token)


def test_keys_that_are_known_are_enough_while_the_issuer_is_away(own_provider, verifier_of):
    verifier = verifier_of(own_provider, {"keys_lifetime": 0.0, "timeout": 0.3})
    token = own_provider.token()
    unknown = SigningKey("second").sign(own_provider.claims())
    verifier.user(token)
    with own_provider.silent():
        assert verifier.user(token).subject == "alice"
        with pytest.raises(InvalidToken):
            verifier.user(token[:-8] + "AAAAAAAA")
        # Whether its issuer has this key by now, nobody can say.
        with pytest.raises(IssuerUnavailable):
            verifier.user(unknown)


def test_the_settings_must_have_the_issuers_own_name(provider, verifier_of, caplog):
    token = provider.key.sign(provider.claims(iss=f"{provider.url}/"))
    with pytest.raises(IssuerUnavailable):
        verifier_of(provider, url=f"{provider.url}/").user(token)
    assert "the url in the settings must be what `issuer` has there" in caplog.text


def test_revoked_tokens(own_provider, verifier_of):
    verifier = verifier_of(own_provider, {"answers_lifetime": 0.0}, check_revoked=True)
    token, other = own_provider.token(), own_provider.token("bob")
    assert verifier.user(token).subject == "alice"
    claims = verify.read(token).claims
    own_provider.tell(revoke=claims["jti"])
    with pytest.raises(InvalidToken, match="not active"):
        verifier.user(token)
    assert verifier.user(other).subject == "bob"
    assert verifier_of(own_provider).user(token).subject == "alice"


def test_what_the_issuer_says_of_a_token_holds_for_a_moment(own_provider, verifier_of):
    verifier = verifier_of(own_provider, check_revoked=True)
    good, bad = own_provider.token(), own_provider.token("bob")
    own_provider.tell(revoke=verify.read(bad).claims["jti"])
    for _ in range(5):
        assert verifier.user(good).subject == "alice"
        with pytest.raises(InvalidToken):
            verifier.user(bad)
    assert own_provider.count(INTROSPECTION) == 2


def test_opaque_tokens(own_provider, verifier_of):
    token = own_provider.token(format="opaque")
    assert verify.is_opaque(token)
    with pytest.raises(InvalidToken, match="no JWT"):
        verifier_of(own_provider, audience=()).user(token)
    asking = verifier_of(own_provider, {"answers_lifetime": 0.0}, audience=(), opaque_tokens=True)
    user = asking.user(token)
    assert (user.subject, user.issuer, user.scopes) == ("alice", own_provider.url, set(SCOPES.split()))
    with pytest.raises(InvalidToken, match="not active"):
        asking.user("garbage")
    with pytest.raises(InvalidToken, match="for the audience paas"):
        verifier_of(own_provider, opaque_tokens=True).user(token)


def test_a_refresh_token_is_no_access_token(provider, verifier_of):
    got = provider.grant(("user", "user secret"), grant_type="password", username="alice", password="a", scope=SCOPES)
    verifier = verifier_of(provider, opaque_tokens=True)
    with pytest.raises(InvalidToken):
        verifier.user(got.json()["refresh_token"])


def test_an_issuer_that_is_down_while_it_must_be_asked(own_provider, verifier_of):
    verifier = verifier_of(own_provider, {"timeout": 0.3}, audience=(), opaque_tokens=True, check_revoked=True)
    opaque, signed = own_provider.token(format="opaque"), own_provider.token()
    verifier.user(own_provider.token("bob"))
    with own_provider.silent():
        for token in (opaque, signed):
            with pytest.raises(IssuerUnavailable):
                verifier.user(token)
    assert verifier.user(opaque).subject == verifier.user(signed).subject == "alice"


def test_a_wrong_client_is_no_fault_of_the_token(provider, verifier_of, caplog):
    verifier = verifier_of(provider, check_revoked=True, client_secret="wrong")
    with pytest.raises(IssuerUnavailable):
        verifier.user(provider.token())
    assert "its introspection answers HTTP 401 to the client of this service" in caplog.text


def test_userinfo_says_what_the_token_leaves_out(provider, verifier_of):
    claims = provider.claims(sub="bob")
    token = provider.key.sign(claims)
    assert verifier_of(provider).user(token).groups == frozenset()
    user = verifier_of(provider, userinfo=True).user(token)
    assert (user.groups, user.email) == ({"atlas"}, "bob@example.org")
    signed = provider.key.sign({**claims, "groups": ["signed"]})
    assert verifier_of(provider, userinfo=True).user(signed).groups == {"signed"}


@pytest.fixture
def odd(recorder):
    """An issuer that says of any token what a test puts into odd.documents."""
    place = recorder.url
    endpoints = {name: f"{place}/{name}" for name in ("jwks_uri", "introspection_endpoint", "userinfo_endpoint")}
    recorder.documents[DISCOVERY] = {"issuer": place, **endpoints}
    return recorder


@pytest.mark.parametrize("more", [{"check_revoked": True}, {"userinfo": True}])
def test_an_issuer_that_names_somebody_else(odd, first_key, verifier_of, more):
    odd.documents["/jwks_uri"] = {"keys": [first_key.jwk()]}
    odd.documents["/introspection_endpoint"] = {"active": True, "sub": "bob"}
    odd.documents["/userinfo_endpoint"] = {"sub": "bob", "groups": ["paas/admins"]}
    now = int(time.time())
    token = first_key.sign({"iss": odd.url, "sub": "alice", "aud": "paas", "exp": now + 60})
    assert verifier_of(odd).user(token).subject == "alice"
    with pytest.raises(InvalidToken, match="somebody else"):
        verifier_of(odd, **more).user(token)


GOOD = {"active": True, "sub": "alice", "aud": "paas"}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"active": False, "sub": "alice", "aud": "paas"},
        {**GOOD, "active": "true"},
        {**GOOD, "active": 1},
        {"active": True, "aud": "paas"},
        {"active": True, "sub": "alice"},
        {**GOOD, "sub": ["alice"]},
        {**GOOD, "aud": "another"},
        {**GOOD, "iss": "https://elsewhere.example.org"},
        {**GOOD, "iss": None},
        {**GOOD, "exp": 1},
        {**GOOD, "exp": "never"},
        {**GOOD, "nbf": 9_000_000_000},
        {**GOOD, "cnf": {"x5t#S256": "x"}},
    ],
)
def test_what_an_issuer_says_of_an_opaque_token_must_hold(odd, verifier_of, said):
    odd.documents["/introspection_endpoint"] = GOOD
    assert verifier_of(odd, opaque_tokens=True).user("opaque").subject == "alice"
    odd.documents["/introspection_endpoint"] = said
    with pytest.raises(InvalidToken):
        verifier_of(odd, opaque_tokens=True).user("opaque")


def test_a_token_that_names_another_issuer_is_shown_to_nobody(odd, first_key, verifier_of):
    odd.documents["/introspection_endpoint"] = GOOD
    verifier = verifier_of(odd, opaque_tokens=True, check_revoked=True, userinfo=True)
    for claims in ({"iss": "https://elsewhere.example.org", "sub": "alice"}, {"sub": "alice"}):
        for token in (first_key.sign(claims), unsigned({"alg": "none"}, claims)):
            with pytest.raises(InvalidToken, match="trusted here"):
                verifier.user(token)
    assert odd.seen == []


def test_no_token_is_logged(provider, verifier_of, caplog):
    caplog.set_level(0)
    verifier = verifier_of(provider, audience=(), opaque_tokens=True, check_revoked=True, userinfo=True)
    good, opaque = provider.token(), provider.token(format="opaque")
    bad = unsigned({"alg": "none"}, provider.claims())
    altered = good[:-10] + "A" * 10
    for token in (good, opaque):
        verifier.user(token)
    said = []
    for token in (bad, altered, "garbage.not.good"):
        with pytest.raises(InvalidToken) as refused:
            verifier.user(token)
        said.append(str(refused.value))
    for token in (good, opaque, bad, altered, "garbage"):
        pieces = [part for part in token.split(".") if part]
        assert not [piece for piece in pieces if piece in caplog.text or piece in " ".join(said)]
