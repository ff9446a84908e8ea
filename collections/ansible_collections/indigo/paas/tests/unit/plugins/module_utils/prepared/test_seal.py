# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts run for real, with their paths below a folder and commands that only note that they ran."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.prepared import seal

OWN = (
    "etc/ssh/ssh_host_ed25519_key",
    "etc/ssh/ssh_host_ed25519_key.pub",
    "root/.ssh/authorized_keys",
    "root/.ansible/tmp/module",
    "root/.bash_history",
    "home/debian/.ssh/authorized_keys",
    "home/debian/.ssh/id_ed25519",
    "home/debian/.bash_history",
    "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed",
    "var/lib/systemd/credential.secret",
    "var/log/apt/history.log",
    "var/log/journal/0123/system.journal",
    "var/log/condor/CollectorLog",
    "var/log/wtmp",
    "tmp/secret",
    "tmp/.hidden/secret",
    "var/tmp/secret",
    "usr/sbin/policy-rc.d",
)
KEPT = ("usr/sbin/condor_master", "etc/condor/condor_config", "etc/ssh/sshd_config")


@pytest.fixture
def machine(tmp_path):
    for name in (*OWN, *KEPT, "etc/machine-id"):
        path = tmp_path / "disk" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("its own")
    (tmp_path / "disk" / "run").mkdir()
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("apt-get", "cloud-init", "journalctl", "dnf", "sync"):
        (commands / name).write_text(f"#!/bin/sh\necho {name} >>{tmp_path}/ran\n")
    (commands / "systemctl").write_text(
        f'#!/bin/sh\necho "systemctl $*" >>{tmp_path}/ran\ntest "$1" != list-unit-files || cat {tmp_path}/enabled\n'
    )
    for command in commands.iterdir():
        command.chmod(0o755)
    return tmp_path


def run(machine, script):
    there = re.sub(r"(?<![\w.*'!])/(etc|var|root|home|run|usr|tmp)\b", rf"{machine}/disk/\1", script)
    path = f"{machine}/bin:{os.environ['PATH']}"
    subprocess.run(["sh", "-c", there], check=True, env={"PATH": path}, timeout=20)


def test_what_is_the_machine_s_own_goes(machine):
    (machine / "enabled").write_text("ssh.service enabled\n")
    run(machine, seal.SEAL)
    left = {str(path.relative_to(machine / "disk")) for path in (machine / "disk").rglob("*") if path.is_file()}
    assert left == {*KEPT, "etc/machine-id"}
    assert (machine / "disk/etc/machine-id").read_text() == ""


def test_services_do_not_start_and_those_that_install_enabled_are_disabled(machine):
    (machine / "enabled").write_text("ssh.service enabled\n")
    run(machine, seal.NOTE_ENABLED)
    refuses = machine / "disk/usr/sbin/policy-rc.d"
    assert subprocess.run([refuses], check=False).returncode == 101
    (machine / "enabled").write_text("ssh.service enabled\ncondor.service enabled\n")
    run(machine, seal.SEAL)
    assert not refuses.exists()
    disabled = [told for told in (machine / "ran").read_text().splitlines() if "disable" in told]
    assert disabled == ["systemctl disable --now condor.service"]
