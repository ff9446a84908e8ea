# SPDX-License-Identifier: Apache-2.0
"""Processes that a run left behind are found by their marker and ended, others are not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from indigo_paas.ground import leftovers

PLAIN = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {PLAIN}"


@pytest.fixture
def start():
    started = []

    def call(marker, code=PLAIN):
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, leftovers.MARKER: marker},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout.readline() == "up\n"
        return process

    yield call
    for process in started:
        process.kill()
        process.communicate()


def test_only_the_marked_are_ended(start):
    mine, other = start("pool/1"), start("pool/12")
    assert leftovers.end({"pool/1"}) == 1
    assert mine.wait(5) == -15
    assert other.poll() is None


def test_who_does_not_listen_is_killed(start):
    stubborn = start("pool/2", STUBBORN)
    assert leftovers.end({"pool/2"}, patience=0.2) == 1
    assert stubborn.wait(5) == -9


def test_the_caller_is_spared(monkeypatch):
    monkeypatch.setenv(leftovers.MARKER, "pool/3")
    assert leftovers.end({"pool/3"}, patience=0.1) == 0


def test_marker():
    assert leftovers.marker("pool", "run") == "pool/run"
