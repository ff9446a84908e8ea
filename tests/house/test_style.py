# SPDX-License-Identifier: Apache-2.0
"""The linters find nothing."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
    ],
    ids=["ruff-check", "ruff-format", "mypy"],
)
def test_python(run, command):
    run(*command)


def test_ansible_lint_profile_production(run):
    done = run("ansible-lint", "--offline", "--profile", "production", "--strict", "-q")
    assert "warning" not in done.stdout


def test_no_lint_is_silenced_for_the_whole_project(root):
    lines = (root / ".ansible-lint").read_text().splitlines()
    assert not [line for line in lines if line.startswith(("skip_list", "warn_list", "mock_"))]
    assert not list((root / "collections").rglob("tests/sanity/ignore-*.txt"))
