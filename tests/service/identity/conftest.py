# SPDX-License-Identifier: Apache-2.0
"""One provider for all tests of identity that leave it as it is, and one of its own for each that does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from indigo_paas.service.identity.settings import Identity, Issuer
from indigo_paas.service.identity.verify import Verifier
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
