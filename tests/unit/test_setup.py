# SPDX-License-Identifier: Apache-2.0
"""The set-up of the virtual environment says what it does in a few lines, and why when it fails."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]

# A Python whose virtual environments hold a Python that runs the pip of the test.
PYTHON = """#!/bin/sh
case "$*" in
  --version) echo Python 3.13.0;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$(dirname "$0")/pip" "$3/bin/python";;
esac
"""


@pytest.fixture
def setup(tmp_path):
    """Return what runs the set-up with a pip that does what a shell script says."""
    place, programs = tmp_path / "checkout", tmp_path / "bin"
    (place / "setup").mkdir(parents=True)
    programs.mkdir()
    shutil.copy(ROOT / "setup/venv.sh", place / "setup")

    def run(pip: str) -> subprocess.CompletedProcess[str]:
        for name, text in (("python3.13", PYTHON), ("pip", f"#!/bin/sh\n{pip}\n")):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        path = {"PATH": f"{programs}:{os.environ['PATH']}"}
        return subprocess.run(
            [place / "setup/venv.sh", ".venv"], env={**os.environ, **path}, capture_output=True, text=True, check=False
        )

    return run


def test_it_says_what_it_does_in_a_few_lines(setup):
    done = setup("seq 1000; seq 1000 >&2")
    assert done.returncode == 0
    assert done.stderr == ""
    assert 3 <= len(done.stdout.splitlines()) <= 12
    assert "indigo-paas" in done.stdout.splitlines()[-1]


def test_it_says_why_it_failed(setup, tmp_path):
    done = setup("seq 1000; echo 'ERROR: No matching distribution found for click>=8.1' >&2; seq 1000; exit 1")
    assert done.returncode == 1
    told = done.stderr.splitlines()
    assert "No matching distribution found for click>=8.1" in told[0]
    assert len(told) <= 3
    log = tmp_path / "checkout/.venv/setup.log"
    assert ".venv/setup.log" in told[-1]
    assert len(log.read_text().splitlines()) == 2001


def test_a_failure_without_an_error_is_told_by_its_last_words(setup):
    done = setup("seq 1000; echo 'Killed'; exit 137")
    assert done.returncode == 1
    assert "Killed" in done.stderr
    assert len(done.stderr.splitlines()) <= 6
