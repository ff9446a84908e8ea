# SPDX-License-Identifier: Apache-2.0
"""The lock, between real processes."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from indigo_paas.errors import Busy
from indigo_paas.ground import lock

HOLD = """
import pathlib, sys
from indigo_paas.ground import lock
with lock.hold(pathlib.Path(sys.argv[1]), "pool", "scale"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_is_refused_and_told_who_is_first(tmp_path, other):
    told = rf"'indigo-paas scale pool' \(process {other.pid}, since 20\d\d-"
    with pytest.raises(Busy, match=told), lock.hold(tmp_path / "lock", "pool", "deploy"):
        pytest.fail("the lock was taken twice")


def test_looking_neither_waits_nor_disturbs(tmp_path, other):
    assert lock.is_held(tmp_path / "lock")
    assert lock.holder(tmp_path / "lock").pid == other.pid
    assert lock.is_held(tmp_path / "lock")


def test_a_killed_process_holds_nothing(tmp_path, other):
    other.kill()
    other.wait()
    assert not lock.is_held(tmp_path / "lock")
    with lock.hold(tmp_path / "lock", "pool", "deploy"):
        assert lock.is_held(tmp_path / "lock")
    assert not lock.is_held(tmp_path / "lock")


def test_a_lock_file_that_was_removed_is_not_the_lock(tmp_path):
    place = tmp_path / "pool"
    place.mkdir()
    with lock.hold(place / "lock", "pool", "destroy"):
        shutil.rmtree(place)
        with pytest.raises(FileNotFoundError), lock.hold(place / "lock", "pool", "deploy"):
            pytest.fail("there is nothing to lock")
    assert not lock.is_held(place / "lock")


def test_the_file_is_the_owners_alone(tmp_path):
    with lock.hold(tmp_path / "lock", "pool", "deploy"):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_broken_file_names_nobody(tmp_path):
    (tmp_path / "lock").write_text("{")
    assert lock.holder(tmp_path / "lock") is None
