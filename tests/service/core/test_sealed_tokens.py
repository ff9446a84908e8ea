# SPDX-License-Identifier: Apache-2.0
"""Tokens in the store: of each kind of database, alone and with others."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from indigo_paas.store import Store
from indigo_paas.store.sealed_tokens import SealedToken

ALICE, BOB = ("client", "https://issuer.example/", "alice"), ("client", "https://issuer.example/", "bob")
TOKEN = SealedToken("sealed", 2000.0, 3600.0, 1000.0)


@pytest.fixture
def store(url):
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def tokens(store):
    return store.tokens


def changed(sealed):
    return dataclasses.replace(TOKEN, sealed=sealed)


def test_what_is_put_is_there(tokens):
    assert tokens.get(ALICE) is None
    tokens.put(ALICE, TOKEN)
    tokens.put(BOB, changed("of bob"))
    assert tokens.get(ALICE) == TOKEN
    tokens.put(ALICE, changed("anew"))
    assert tokens.get(ALICE) == changed("anew")
    assert tokens.get(BOB) == changed("of bob")
    assert sorted(tokens.all()) == [(ALICE, "anew"), (BOB, "of bob")]


def test_each_part_of_the_key_counts(tokens):
    keys = [("a", "b", "c"), ("x", "b", "c"), ("a", "x", "c"), ("a", "b", "x"), ("a", "b", "C"), ("a", "b", "é" * 255)]
    for number, key in enumerate(keys):
        tokens.put(key, changed(str(number)))
    assert [tokens.get(key).sealed for key in keys] == [str(number) for number in range(len(keys))]


def test_removal(tokens):
    tokens.put(ALICE, TOKEN)
    tokens.remove(ALICE, "another by now")
    assert tokens.get(ALICE) == TOKEN
    tokens.remove(ALICE, "sealed")
    assert tokens.get(ALICE) is None
    tokens.put(ALICE, TOKEN)
    tokens.remove(ALICE)
    tokens.remove(ALICE)
    assert tokens.all() == []


def test_replacement(tokens):
    tokens.put(ALICE, TOKEN)
    tokens.replace(ALICE, "another by now", "new")
    assert tokens.get(ALICE) == TOKEN
    tokens.replace(ALICE, "sealed", "new")
    assert tokens.get(ALICE) == changed("new")


def test_a_lease_is_for_one(tokens):
    assert not tokens.lease(ALICE, 100.0, 110.0)
    tokens.put(ALICE, TOKEN)
    assert tokens.lease(ALICE, 100.0, 110.0)
    assert not tokens.lease(ALICE, 109.9, 120.0)
    tokens.release(ALICE, 120.0)
    assert not tokens.lease(ALICE, 109.9, 120.0)
    tokens.release(ALICE, 110.0)
    assert tokens.lease(ALICE, 101.0, 111.0)
    # Who had it did not give it back.
    assert tokens.lease(ALICE, 111.0, 121.0)


def test_a_new_token_leaves_the_lease(tokens):
    tokens.put(ALICE, TOKEN)
    assert tokens.lease(ALICE, 100.0, 110.0)
    tokens.put(ALICE, changed("new"))
    assert not tokens.lease(ALICE, 105.0, 115.0)


def test_of_many_at_once_one_gets_the_lease(url, tokens):
    tokens.put(ALICE, TOKEN)
    stores = [Store(url) for _ in range(6)]
    start = threading.Barrier(6)

    def want(number):
        start.wait()
        return stores[number].tokens.lease(ALICE, 100.0, 110.0 + number)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(want, range(6))) == 1
    for one in stores:
        one.close()


def test_many_put_the_first_one_at_once(url, tokens):
    stores = [Store(url) for _ in range(6)]
    start = threading.Barrier(6)

    def put(number):
        for turn in range(5):
            start.wait()
            stores[number].tokens.put((f"client {turn}", *ALICE[1:]), changed(str(number)))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(put, range(6)))
    assert len(tokens.all()) == 5
    for one in stores:
        one.close()
