# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each


def test_answers_come_in_order():
    assert each(lambda number: number * 2, [3, 1, 2], 2) == [6, 2, 4]


def test_nothing_is_done_to_nothing():
    assert each(lambda number: number / 0, [], 4) == []


def test_no_more_than_the_workers_work_at_a_time():
    gate = threading.Semaphore(2)

    def work(_item):
        assert gate.acquire(blocking=False)
        threading.Event().wait(0.002)
        gate.release()

    each(work, range(20), 2)


def test_errors_of_some_do_not_stop_the_others():
    done = []

    def work(number):
        if number % 2:
            raise SiteError(f"{number} is odd")
        done.append(number)

    with pytest.raises(SiteError) as caught:
        each(work, range(5), 1)
    assert done == [0, 2, 4]
    assert [problem.message for problem in caught.value.problems] == ["1 is odd", "3 is odd"]


def test_other_exceptions_stop_what_has_not_begun():
    done = []

    def work(number):
        if number == 1:
            raise KeyError(number)
        threading.Event().wait(0.001)
        done.append(number)

    with pytest.raises(KeyError):
        each(work, range(1000), 1)
    assert len(done) < 999
