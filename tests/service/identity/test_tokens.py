# SPDX-License-Identifier: Apache-2.0
"""Tokens for what runs later: exchanged, kept encrypted, refreshed by one process at a time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.fernet import Fernet

from indigo_paas.errors import BadInput
from indigo_paas.service.identity import verify
from indigo_paas.service.identity.errors import InsufficientScope, IssuerUnavailable, NoRefreshToken
from indigo_paas.service.identity.tokens import open_tokens
from indigo_paas.service.model import ANONYMOUS
from indigo_paas.service.settings import ServiceSettings
from tests.service.identity.issuer import WEAK_CLIENT

TOKEN = "/token"


def test_a_kept_token_is_the_users_and_the_services(service):
    service.keep()
    token = service.access_token()
    claims = verify.read(token).claims
    assert (claims["sub"], claims["client_id"]) == ("alice", "service")
    assert service.verifier.user(token).groups == {"cms", "cms/admins", "/cms", "/cms/admins"}


def test_it_is_asked_for_once(service):
    service.keep()
    asked = service.provider.count(TOKEN)
    service.keep()
    assert service.access_token() == service.access_token()
    # Of these one is the user's own, for the token that was shown.
    assert service.provider.count(TOKEN) == asked + 1


def test_it_outlives_the_process(service):
    service.keep()
    before = service.access_token()
    service.tokens = service.started()
    assert service.access_token() == before


def test_each_user_has_one(service):
    service.keep("alice")
    service.keep("bob")
    assert {name: verify.read(service.access_token(name)).claims["sub"] for name in ("alice", "bob")} == {
        "alice": "alice",
        "bob": "bob",
    }


def test_it_is_refreshed_before_it_ends(service):
    service.keep()
    first = service.access_token()
    service.expire(left=301)
    assert service.access_token() == first
    service.expire(left=299)
    second = service.access_token()
    assert second != first
    assert service.access_token() == second
    assert service.verifier.user(second).subject == "alice"


def test_tokens_with_a_short_life(service):
    service.provider.tell(seconds=60)
    service.keep()
    first = service.access_token()
    assert service.access_token() == first
    service.expire(left=20)
    assert service.access_token() != first


def test_refresh_tokens_for_one_use(service):
    service.provider.tell(rotate=True)
    service.keep()
    seen = {service.access_token()}
    for _ in range(3):
        service.expire()
        seen.add(service.access_token())
    assert len(seen) == 4


def test_many_want_it_at_once_and_one_refreshes(service):
    service.provider.tell(rotate=True)
    service.keep()
    service.expire()
    others = [service.tokens, service.started(), service.started()]
    asked = service.provider.count(TOKEN)
    start = threading.Barrier(12)

    def want(number):
        start.wait()
        return others[number % 3].access_token("alice", service.provider.url)

    with ThreadPoolExecutor(12) as pool:
        assert len(set(pool.map(want, range(12)))) == 1
    assert service.provider.count(TOKEN) == asked + 1


def test_a_process_that_died_while_it_refreshed(service):
    service.keep()
    service.expire()
    key = ("service", service.provider.url, "alice")
    assert service.store.tokens.lease(key, time.time(), time.time() + 1)
    assert not service.store.tokens.lease(key, time.time(), time.time() + 1)
    began = time.monotonic()
    assert service.access_token()
    assert time.monotonic() - began > 0.5


def test_an_issuer_that_takes_the_refresh_token_back(service):
    service.keep()
    service.revoke()
    service.expire()
    with pytest.raises(NoRefreshToken, match="with a new token"):
        service.access_token()
    service.keep()
    assert service.access_token()


def test_an_issuer_that_is_down(own_provider, service):
    service.keep()
    service.expire()
    user = service.user("bob")
    with own_provider.silent():
        with pytest.raises(IssuerUnavailable):
            service.access_token()
        with pytest.raises(IssuerUnavailable):
            service.tokens.keep(user)
    assert service.access_token()


def test_a_user_who_may_not_have_what_lasts(service):
    token = service.provider.token(scope="openid profile", client=WEAK_CLIENT)
    service.tokens = service.started(exchange_scopes=("openid",))
    user = service.verifier.user(token)
    with pytest.raises(InsufficientScope, match="offline_access") as refused:
        service.tokens.keep(user)
    assert refused.value.status == 403
    with pytest.raises(NoRefreshToken):
        service.access_token()


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"client_secret": "wrong"}, IssuerUnavailable),
        ({"exchange_scopes": ("openid", "unheard-of")}, InsufficientScope),
        ({"client_id": WEAK_CLIENT[0], "client_secret": WEAK_CLIENT[1]}, InsufficientScope),
    ],
)
def test_an_issuer_that_does_not_exchange(service, caplog, more, error):
    service.tokens = service.started(**more)
    user = service.user()
    with pytest.raises(error) as refused:
        service.tokens.keep(user)
    assert "does not exchange" in caplog.text
    assert user.token not in caplog.text + str(refused.value)


def test_who_brought_no_token_has_none_kept(service):
    service.tokens.keep(ANONYMOUS)
    assert service.store.tokens.all() == []


def test_without_an_issuer_that_is_to_exchange_there_are_none(provider, verifier_of, tmp_path):
    verifier = verifier_of(provider)
    assert open_tokens(ServiceSettings(home=tmp_path, identity=verifier._identity), verifier) is None
    assert list(tmp_path.iterdir()) == []


def test_an_issuer_that_is_trusted_no_more(service):
    with pytest.raises(BadInput, match="identity.issuers"):
        service.tokens.access_token("alice", "https://gone.example.org")


def test_nothing_is_stored_or_logged_in_clear(service, caplog):
    caplog.set_level(0)
    service.keep()
    service.expire()
    token = service.access_token()
    refresh_token = service.refresh_token()
    service.close()
    stored = b"".join(path.read_bytes() for path in service.home.iterdir() if path.is_file())
    for secret in token, refresh_token:
        assert secret.encode() not in stored
        assert secret.split(".")[-1].encode() not in stored
        assert secret not in caplog.text


def test_one_users_token_is_not_anothers(service):
    service.keep("alice")
    service.keep("bob")
    with service.store._database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE tokens SET sealed = (SELECT sealed FROM tokens WHERE subject = 'bob') WHERE subject = 'alice'"
        )
    with pytest.raises(NoRefreshToken):
        service.access_token("alice")


def test_keys_are_changed(service):
    file = service.home / "token-keys"
    service.keep()
    token = service.access_token()
    old = file.read_text()
    sealed = service.store.tokens.all()
    file.write_text(f"# the new one\n{Fernet.generate_key().decode()}\n\n{old}")
    service.tokens = service.started()
    assert service.access_token() == token
    assert service.store.tokens.all() != sealed
    # From then on the old key is not needed.
    file.write_text(file.read_text().replace(old, ""))
    service.tokens = service.started()
    assert service.access_token() == token


def test_a_key_that_is_lost(service, caplog):
    service.keep()
    (service.home / "token-keys").unlink()
    service.tokens = service.started()
    with pytest.raises(NoRefreshToken):
        service.access_token()
    assert "not sealed with a key that is there" in caplog.text
    service.keep()
    assert service.access_token()
