# SPDX-License-Identifier: Apache-2.0
"""Previews say what a command would change, and change nothing."""

from __future__ import annotations


def state(command):
    root = command.home / "deployments/pool"
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_previews_change_nothing(command, tmp_path):
    command.deploy("-i", "password=correct-horse-battery")
    before = state(command)
    runs = command.json("show", "pool")["runs"]

    scaled = command.json("scale", "pool", "server=3", "--dry-run")
    (group,) = scaled["groups"]
    assert (group["change"], group["old_count"], group["new_count"]) == ("change", 1, 3)
    assert "server: 1 -> 3 nodes" in command("scale", "pool", "server=3", "--dry-run").stdout

    updated = command("update", "pool", "-i", "count=2", "-i", "password=another-secret", "--dry-run")
    assert "~ count: 1 -> 2" in updated.stdout
    assert "correct-horse" not in updated.stdout
    assert "another-secret" not in updated.stdout
    assert "~ password: ******** -> ********" in updated.stdout

    other = tmp_path / "other.yaml"
    other.write_text(command.template.read_text().replace("said: { value: hello }", "heard: { value: hello }"))
    told = command("plan", str(other), "--against", "pool").stdout
    assert "  + heard: hello" in told
    assert "  - said: hello" in told
    assert command("plan", str(command.template), "--against", "pool").stdout

    assert state(command) == before
    assert command.json("show", "pool")["runs"] == runs
    command("plan", str(command.template), "--against", "nobody", status=2)
    command("scale", "pool", "nothing=3", "--dry-run", status=2)
