# SPDX-License-Identifier: Apache-2.0
"""How often who may ask."""

from __future__ import annotations

import time

import pytest

from indigo_paas.service.identity.addresses import is_loopback, neighbourhood
from indigo_paas.service.identity.errors import TooManyRequests
from indigo_paas.service.identity.limits import Limits
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.model import User

ALICE, BOB = User("alice", "https://a.example.org"), User("bob", "https://a.example.org")


def limits(**rates):
    return Limits(Identity(**{"requests": "", "changes": "", "failures": "", **rates}))


def count(times, ask):
    """How many of TIMES go well before one is too many."""
    for number in range(times):
        try:
            ask()
        except TooManyRequests:
            return number
    return times


def test_each_user_has_a_count():
    some = limits(requests="5/minute")
    assert count(10, lambda: some.request(ALICE, changes=False)) == 5
    assert count(10, lambda: some.request(BOB, changes=False)) == 5
    assert count(10, lambda: some.request(User("alice", "https://b.example.org"), changes=False)) == 5


def test_no_two_users_have_one_count():
    some = limits(requests="1/minute")
    for user in User("a/b", "c"), User("a", "b/c"), User("a', 'b", "c"), User("a", "b', 'c"):
        some.request(user, changes=False)


def test_changes_count_as_both():
    some = limits(requests="5/minute", changes="2/minute")
    assert count(10, lambda: some.request(ALICE, changes=True)) == 2
    assert count(10, lambda: some.request(ALICE, changes=False)) == 3


def test_what_is_said():
    some = limits(requests="2/minute")
    count(2, lambda: some.request(ALICE, changes=False))
    with pytest.raises(TooManyRequests, match="You ask too often: no more than 2 in 60 s. Wait") as refused:
        some.request(ALICE, changes=False)
    assert refused.value.status == 429
    assert 50 <= refused.value.retry_after <= 61


def test_after_the_wait_it_goes_on():
    some = limits(requests="2/second")
    assert count(5, lambda: some.request(ALICE, changes=False)) == 2
    with pytest.raises(TooManyRequests) as refused:
        some.request(ALICE, changes=False)
    time.sleep(refused.value.retry_after + 0.1)
    some.request(ALICE, changes=False)


def test_no_limits():
    some = limits()
    for _ in range(2000):
        some.request(ALICE, changes=True)
        some.failure("192.0.2.1")
        some.require_few_failures("192.0.2.1")


def test_failures_of_an_address():
    some = limits(failures="3/minute")
    assert count(10, lambda: some.failure("192.0.2.1")) == 3
    with pytest.raises(TooManyRequests, match="from your address"):
        some.require_few_failures("192.0.2.1")
    some.require_few_failures("192.0.2.2")
    some.request(ALICE, changes=True)


def test_failures_of_a_network_that_one_customer_has():
    some = limits(failures="3/minute")
    addresses = iter(f"2001:db8::{number:x}" for number in range(1, 10))
    assert count(9, lambda: some.failure(next(addresses))) == 3
    some.failure("2001:db8:0:1::1")


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_neighbourhoods(host, counted):
    assert neighbourhood(host) == counted


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LocalHost", "::ffff:127.0.0.1"])
def test_this_machine(host):
    assert is_loopback(host)


ELSEWHERE = "0.0.0.0 :: 192.168.0.1 10.0.0.1 169.254.1.1 localhost.example.org 127.0.0.1.nip.io 2130706433 x"


@pytest.mark.parametrize("host", ["", *ELSEWHERE.split()])
def test_elsewhere(host):
    assert not is_loopback(host)
