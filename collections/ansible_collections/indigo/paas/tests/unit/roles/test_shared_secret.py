# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All nodes of a service have one secret. Nodes are local here, each with a directory of its own."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[7]
Run = Callable[..., dict[str, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the role on some of the nodes; returns what all have then, and fails where a log shows it."""
    nodes = ("a", "b", "c")
    hosts: dict[str, Any] = {}
    for name in nodes:
        (tmp_path / name).mkdir()
        # The file is named from the directory where the modules of the node work.
        python = tmp_path / f"python-{name}"
        python.write_text(f'#!/bin/sh\ncd {tmp_path / name} && exec {sys.executable} "$@"\n')
        python.chmod(0o755)
        hosts[name] = {"ansible_python_interpreter": str(python)}
    inventory = {"all": {"hosts": hosts, "vars": {"ansible_connection": "local"}}}
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))

    def run(members: str, maker: str = "", *options: str) -> dict[str, str]:
        given = {"path": "secret", "owner": getpass.getuser(), "group": str(os.getgid()), "maker": maker}
        role = {
            "ansible.builtin.include_role": {"name": "indigo.paas.shared_secret"},
            "vars": {f"shared_secret_{name}": value for name, value in given.items()},
            "when": "inventory_hostname in members",
        }
        play = {"hosts": "all", "gather_facts": False, "vars": {"members": members.split()}, "tasks": [role]}
        (tmp_path / "play.yml").write_text(json.dumps([play]))
        command = [
            str(Path(sys.executable).parent / "ansible-playbook"),
            "-vvv",
            "--diff",
            "-i",
            "hosts.json",
            *options,
        ]
        env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}
        done = subprocess.run(
            [*command, "play.yml"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = {name: tmp_path / name / "secret" for name in nodes}
        secrets = {name: file.read_text() for name, file in found.items() if file.exists()}
        assert not [secret for secret in secrets.values() if secret in done.stdout + done.stderr]
        assert all(file.stat().st_mode & 0o777 == 0o600 for file in found.values() if file.exists())
        return secrets

    return run


def test_all_members_have_one_secret_and_new_ones_get_it_too(run: Run) -> None:
    assert run("a b", "", "--check") == {}
    first = run("a b")
    assert first.keys() == {"a", "b"}
    assert first["a"] == first["b"]
    assert len(first["a"]) == 64
    assert run("c") == {**first, "c": first["a"]}


def test_a_maker_that_is_made_anew_gets_the_secret_of_the_others(run: Run, tmp_path: Path) -> None:
    first = run("a b")
    (tmp_path / "a" / "secret").unlink()
    assert run("a b") == first


def test_a_maker_whose_turn_comes_later_keeps_the_secret(run: Run) -> None:
    first = run("a", "c")
    assert first["a"] == first["c"]
    assert set(run("b c", "c").values()) == {first["a"]}
