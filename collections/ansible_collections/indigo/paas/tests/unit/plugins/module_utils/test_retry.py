# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.retry import LONGEST_PAUSE, Retry, pause


class Service:
    """Fails as told, and counts the calls; time passes only while somebody sleeps."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.calls = 0
        self.now = 0.0
        self.slept = []

    def __call__(self):
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def retry(self, passing=lambda error: 0.0, **more):
        return Retry(passing, sleep=self.sleep, clock=lambda: self.now, **more)


def test_what_passes_is_tried_again():
    service = Service(OSError("1"), OSError("2"))
    assert service.retry()(service) == "done"
    assert service.calls == 3
    assert len(service.slept) == 2


def test_what_does_not_pass_is_not():
    service = Service(OSError("lasting"))
    with pytest.raises(OSError, match="lasting"):
        service.retry(lambda error: None)(service)
    assert service.calls == 1
    assert service.slept == []


def test_it_ends():
    service = Service(*[OSError(str(number)) for number in range(99)])
    with pytest.raises(OSError, match="3"):
        service.retry(tries=4)(service)
    assert service.calls == 4


def test_the_service_says_how_long_and_all_wait():
    service = Service(OSError("wait"))
    retry = service.retry(lambda error: 20.0)
    assert retry(service) == "done"
    assert service.now >= 20
    service.failures = [OSError("wait")]
    began = service.now
    assert retry.passes(OSError("wait"))
    retry(lambda: None)
    assert service.now - began == 20


def test_a_wish_to_wait_for_long_does_not_pass():
    service = Service(OSError("tomorrow"))
    with pytest.raises(OSError, match="tomorrow"):
        service.retry(lambda error: 86400.0)(service)
    assert service.slept == []


@given(st.integers(1, 10_000))
def test_pauses_grow_to_a_limit(attempt):
    assert 0 < pause(attempt) <= 1.2 * LONGEST_PAUSE
    assert pause(attempt + 2) > 0.9 * min(pause(attempt), LONGEST_PAUSE / 1.2)
