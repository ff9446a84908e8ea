# SPDX-License-Identifier: Apache-2.0
"""What is kept of others' answers: for how long, and what happens when they fail or are slow."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from indigo_paas.service.identity import kept
from indigo_paas.service.identity.kept import Answers, Failed, Kept


class Source:
    """Something that is asked: it counts, and fails when told so. Its clock is set by the test."""

    def __init__(self):
        self.now = 1000.0
        self.asked = 0
        self.fails = False

    def __call__(self):
        self.asked += 1
        if self.fails:
            raise Failed("it is down")
        return self.asked

    def clock(self):
        return self.now


@pytest.fixture
def source():
    return Source()


def test_it_is_asked_again_after_the_lifetime(source):
    value = Kept(source, 10, clock=source.clock)
    assert [value.get(), value.get()] == [1, 1]
    source.now += 9.9
    assert value.get() == 1
    source.now += 0.2
    assert value.get() == 2


def test_the_old_value_is_kept_on_for_a_day_while_it_fails(source):
    value = Kept(source, 10, clock=source.clock)
    value.get()
    source.fails = True
    source.now += 3600
    assert value.get() == 1
    source.now += kept.LONGEST
    with pytest.raises(Failed, match="it is down"):
        value.get()
    source.now += kept.PATIENCE
    source.fails = False
    assert value.get() == source.asked


def test_who_fails_is_left_alone_for_a_moment(source):
    value = Kept(source, 10, clock=source.clock)
    source.fails = True
    for _ in range(5):
        with pytest.raises(Failed, match="it is down"):
            value.get()
    assert source.asked == 1
    source.now += kept.PATIENCE
    with pytest.raises(Failed):
        value.get()
    assert source.asked == 2


def test_renewed_asks_once_in_a_while(source):
    value = Kept(source, 10, pause=30, clock=source.clock)
    assert value.get() == 1
    assert [value.renewed(), value.renewed(), value.get()] == [2, 2, 2]
    source.now += 30
    assert value.renewed() == 3
    source.now += 30
    source.fails = True
    for _ in range(3):
        with pytest.raises(Failed):
            value.renewed()
    assert source.asked == 4
    assert value.get() == 3


def test_one_thread_asks_and_the_first_ones_wait_for_it():
    asked = []

    def slow():
        asked.append(1)
        time.sleep(0.3)
        return "value"

    value = Kept(slow, 60)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: value.get(), range(8))) == {"value"}
    assert len(asked) == 1


def test_whoever_has_an_old_value_does_not_wait():
    go = threading.Event()
    answers = iter(["old", "new"])

    def fetch():
        answer = next(answers)
        if answer == "new":
            go.wait(10)
        return answer

    value = Kept(fetch, 0)
    assert value.get() == "old"
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(value.get)
        while not value._lock.locked():
            time.sleep(0.01)
        assert value.get() == "old"
        # Nor does one that wants it anew wait for long.
        with pytest.raises(Failed, match="slow"):
            value.renewed()
        go.set()
        assert renewing.result() == "new"


def test_answers_hold_for_their_time(source):
    answers = Answers(clock=source.clock)
    assert answers.get("token") is None
    answers.put("token", "yes", 10)
    assert answers.get("token") == "yes"
    source.now += 10
    assert answers.get("token") is None


def test_there_are_only_so_many_answers(source):
    answers = Answers(most=3, clock=source.clock)
    for number in range(5):
        answers.put(f"token {number}", number, 10)
    assert [answers.get(f"token {number}") for number in range(5)] == [None, None, 2, 3, 4]


def test_the_tokens_themselves_are_not_kept(source):
    answers = Answers(clock=source.clock)
    answers.put("the token", "yes", 10)
    assert "the token" not in repr(vars(answers))
