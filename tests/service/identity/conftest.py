# SPDX-License-Identifier: Apache-2.0
"""One provider for all tests of identity that leave it as it is, and one of its own for each that does not."""

from __future__ import annotations

import pathlib
import time
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from indigo_paas.service.identity.settings import Identity, Issuer
from indigo_paas.service.identity.tokens import Tokens, open_tokens
from indigo_paas.service.identity.verify import Verifier
from indigo_paas.service.model import User
from indigo_paas.service.settings import ServiceSettings
from indigo_paas.store import open_store
from tests.service.identity import issuer
from tests.service.identity.issuer import OpenIDProvider, SigningKey
from tests.service.identity.recorder import Recorder


@pytest.fixture(scope="session")
def first_key() -> SigningKey:
    return SigningKey("first")


@pytest.fixture(scope="session")
def provider(first_key: SigningKey) -> Iterator[OpenIDProvider]:
    with issuer.running(first_key) as started:
        yield started


@pytest.fixture
def own_provider(first_key: SigningKey) -> Iterator[OpenIDProvider]:
    with issuer.running(first_key) as started:
        yield started


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    yield made
    made.close()


def trusting(provider: OpenIDProvider | Recorder, **more: Any) -> Issuer:
    """Return the settings for the issuer that PROVIDER is."""
    client = {"client_id": issuer.SERVICE_CLIENT[0], "client_secret": issuer.SERVICE_CLIENT[1]}
    return Issuer(**{"url": provider.url, "audience": (issuer.AUDIENCE,), **client, **more})


@pytest.fixture
def verifier_of() -> Iterator[Callable[..., Verifier]]:
    """A verifier that trusts a provider: with more settings of the issuer, and those of the section in `identity`."""
    made = []

    def make(provider: OpenIDProvider | Recorder, identity: dict[str, Any] | None = None, **more: Any) -> Verifier:
        made.append(
            Verifier(Identity(**{"issuers": (trusting(provider, **more),), "timeout": 2.0, **(identity or {})}))
        )
        return made[-1]

    yield make
    for verifier in made:
        verifier.close()


class Keeper:
    """What keeps tokens, in a HOME of its own, with a provider whose users it knows."""

    def __init__(self, provider: OpenIDProvider, verifier_of: Callable[..., Verifier], home: pathlib.Path) -> None:
        self.provider, self.verifier_of, self.home = provider, verifier_of, home
        self.store = open_store(home / "indigo-paas.db")
        self.opened: list[Tokens] = []
        self.tokens = self.started()

    def started(self, **more: Any) -> Tokens:
        """What a new process has: all but the database and the file of keys is lost."""
        self.verifier = self.verifier_of(self.provider, exchange=True, **more)
        self.settings = ServiceSettings(home=self.home, identity=self.verifier._identity)
        tokens = open_tokens(self.settings, self.verifier)
        assert tokens is not None
        self.opened.append(tokens)
        return tokens

    def close(self) -> None:
        for tokens in self.opened:
            tokens.close()
        self.store.close()

    def user(self, name: str = "alice") -> User:
        return self.verifier.user(self.provider.token(name))

    def keep(self, name: str = "alice") -> None:
        self.tokens.keep(self.user(name))

    def access_token(self, name: str = "alice") -> str:
        return self.tokens.access_token(name, self.provider.url)

    def refresh_token(self, name: str = "alice") -> str:
        return str(self.tokens._held((issuer.SERVICE_CLIENT[0], self.provider.url, name))[1]["refresh_token"])

    def revoke(self, name: str = "alice") -> None:
        """Let the issuer take the refresh token back."""
        user, password = map(urllib.parse.quote_plus, issuer.SERVICE_CLIENT)
        form = {"token": self.refresh_token(name)}
        httpx.post(f"{self.provider.url}/token/revocation", data=form, auth=(user, password)).raise_for_status()

    def expire(self, left: float = 100.0) -> None:
        """Let the access tokens have LEFT seconds."""
        with self.store._database.writing() as connection:
            connection.exec_driver_sql(f"UPDATE tokens SET expires = {time.time() + left}")


@pytest.fixture
def service(
    own_provider: OpenIDProvider, verifier_of: Callable[..., Verifier], tmp_path: pathlib.Path
) -> Iterator[Keeper]:
    made = Keeper(own_provider, verifier_of, tmp_path)
    yield made
    made.close()
