# SPDX-License-Identifier: Apache-2.0
"""The linters find nothing, and every file states its licence."""

from __future__ import annotations

import ast
import subprocess

import pytest

GENERATED = {"changelog.yaml"}


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


def test_every_file_states_its_licence(root):
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        text=True,
        capture_output=True,
        check=True,
    )
    code = [
        root / name for name in listed.stdout.splitlines() if name.endswith((".py", ".yml", ".yaml", ".sh", ".cfg"))
    ]
    silent = [path for path in code if path.is_file() and "SPDX-License-Identifier" not in path.read_text()]
    silent = [str(path) for path in silent if path.name not in GENERATED]
    assert not silent


# Words that tell of whatever a function returns that it was there.
SAYING_NOTHING = {"_asked", "_found", "_made", "_said", "_told", "_wanted"}


def test_functions_say_what_they_return(root):
    named = [
        f"{path.relative_to(root)}: {node.name}"
        for place in ("src", "collections/ansible_collections/indigo/paas/plugins")
        for path in (root / place).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name in SAYING_NOTHING
    ]
    assert named == []
