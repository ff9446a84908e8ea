# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import threading

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.apart import run_apart
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError


def nothing(_name, _line):
    pass


def test_each_call_runs_in_a_process_of_its_own():
    answers = run_apart({"a": lambda _say: os.getpid(), "b": lambda _say: os.getpid()}, nothing)
    assert len({*answers.values(), os.getpid()}) == 3


def test_lines_are_told_as_they_come():
    told = []

    def talk(say):
        threads = [threading.Thread(target=say, args=(f"line {number}",)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(threads)

    assert run_apart({"a": talk}, lambda name, line: told.append((name, line))) == {"a": 20}
    assert sorted(told) == sorted(("a", f"line {number}") for number in range(20))


def test_an_error_travels_with_its_problems():
    def fail(_say):
        raise SiteError([Problem("No quota", hint="Ask for more.")], bad_input=True)

    answer = run_apart({"a": fail}, nothing)["a"]
    assert (str(answer), answer.bad_input) == ("No quota. Ask for more.", True)


def test_a_defect_is_an_error_and_no_traceback(capfd):
    answer = run_apart({"a": lambda _say: 1 / 0}, nothing)["a"]
    assert str(answer) == "An unexpected error: ZeroDivisionError: division by zero"
    assert "Traceback" not in capfd.readouterr().err


def test_what_takes_too_long_is_killed_and_the_others_keep_their_answers(tmp_path):
    mark = tmp_path / "pid"

    def hang(_say):
        mark.write_text(str(os.getpid()))
        threading.Event().wait()

    answers = run_apart({"slow": hang, "quick": lambda _say: 5}, nothing, 2.0)
    assert answers["quick"] == 5
    assert str(answers["slow"]) == "It was not done after 2 s"
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_a_process_that_dies_is_an_error():
    answers = run_apart({"a": lambda _say: os._exit(3)}, nothing)
    assert str(answers["a"]) == "Its process ended without an answer"


def test_nothing_goes_on_when_the_caller_leaves(tmp_path):
    mark = tmp_path / "pid"

    def hang(say):
        mark.write_text(str(os.getpid()))
        say("begun")
        threading.Event().wait()

    def leave(_name, _line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_apart({"a": hang}, leave)
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
