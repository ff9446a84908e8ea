# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils import cloud_init
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import Account, Volume
from ansible_collections.indigo.paas.plugins.module_utils.ssh_keys import KeyPair

HOST_KEY = KeyPair("-----BEGIN\nprivate\n", "ssh-ed25519 AAAA")
ID = "8191de73-dcc3-45e5-b469-fded27369e6d"


def config(**more):
    text = cloud_init.user_data("wn-0", "ssh-ed25519 BBBB me\n", HOST_KEY, **more)
    first, _newline, rest = text.partition("\n")
    assert first == "#cloud-config"
    return json.loads(rest)


def test_root_is_opened_by_the_key_and_the_host_key_is_the_nodes_own():
    found = config()
    assert found["hostname"] == "wn-0"
    assert found["ssh_authorized_keys"] == ["ssh-ed25519 BBBB me"]
    assert found["disable_root"] is False
    assert found["ssh_pwauth"] is False
    assert found["ssh_keys"] == {"ed25519_private": HOST_KEY.private, "ed25519_public": HOST_KEY.public}
    assert "bootcmd" not in found


def test_accounts_are_made():
    user = {
        "os_user_name": "ann",
        "os_user_guid": 0,
        "os_user_add_to_sudoers": True,
        "os_user_ssh_public_key": "ssh-rsa CCCC ann@home",
    }
    default, ann, bob = config(users=map(Account.from_plan, [user, {"os_user_name": "bob"}]))["users"]
    assert default == "default"
    assert (ann["uid"], ann["sudo"], ann["ssh_authorized_keys"]) == (
        0,
        "ALL=(ALL) NOPASSWD:ALL",
        ["ssh-rsa CCCC ann@home"],
    )
    assert bob == {"name": "bob", "shell": "/bin/bash", "lock_passwd": True}


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        ({"os_user_name": "ann\nALL ALL=(ALL) ALL #"}, "The account 'ann.* cannot be made"),
        ({"os_user_name": None}, "The account 'None' cannot be made"),
        ({"os_user_name": "ann", "os_user_ssh_public_key": "ssh-rsa A\nssh-rsa B"}, "'ann' is no public key"),
    ],
)
def test_an_account_that_cannot_be_made_is_refused(user, problem):
    with pytest.raises(SiteError, match=problem) as caught:
        config(users=[Account.from_plan(user)])
    assert caught.value.bad_input


@pytest.mark.parametrize(
    ("volume", "problem"),
    [
        ({"location": "/da ta"}, "cannot be mounted at '/da ta'"),
        ({"location": "data"}, "cannot be mounted at 'data'"),
        ({"location": "/data", "fs_type": "ext4; reboot"}, "file system 'ext4; reboot'"),
    ],
)
def test_a_volume_that_cannot_be_mounted_is_refused(volume, problem):
    with pytest.raises(SiteError, match=problem):
        config(volumes={ID: Volume("data", **volume)})


@given(st.text())
def test_no_text_breaks_out_of_the_user_data(text):
    assert config(users=[Account("ann", text)])["users"][1]["uid"] == text


def test_the_script_makes_accounts_once(tmp_path):
    users = [Account("ann", 4711, True, "ssh-rsa CCCC ann@home"), Account("bob")]
    script = cloud_init.account_script(users).replace("/etc/sudoers.d", str(tmp_path / "sudoers"))
    bin = tmp_path / "bin"
    bin.mkdir()
    tools = {
        "id": f'grep -qx "$2" {tmp_path}/known',
        "useradd": f'echo "useradd $*" >>{tmp_path}/calls; for name; do :; done; echo "$name" >>{tmp_path}/known',
        "getent": f"echo ann:x:1:1::{tmp_path}/home:/bin/sh",
        "install": 'for name; do :; done; mkdir -p "$name"',
        "chown": "exit 0",
        "sudoers": "exit 0",
    }
    for name, body in tools.items():
        (bin / name).write_text(f"#!/bin/sh\n{body}\n")
        (bin / name).chmod(0o755)
    for _time in range(2):
        environment = {"PATH": f"{bin}:{os.environ['PATH']}"}
        subprocess.run(["sh", "-ec", script], env=environment, check=True)
    assert (tmp_path / "calls").read_text().splitlines() == [
        "useradd -m -s /bin/bash -u 4711 ann",
        "useradd -m -s /bin/bash bob",
    ]
    assert (tmp_path / "sudoers/90-indigo-paas-ann").read_text() == "ann ALL=(ALL) NOPASSWD:ALL\n"
    assert (tmp_path / "home/.ssh/authorized_keys").read_text() == "ssh-rsa CCCC ann@home\n"


TOOLS = {
    "lsblk": 'printf "/dev/vda\n/dev/vdb %s\n/dev/vdc 0123456789012345678901\n" "$SERIAL"',
    "blkid": 'case "$*" in *TYPE*) cat "$STATE/type" 2>/dev/null ;; *) echo 1234-uuid ;; esac',
    "mkfs.xfs": 'echo "mkfs.xfs $*" >>"$STATE/calls"; echo xfs >"$STATE/type"',
    "mountpoint": '[ -e "$STATE/mounted" ]',
    "mount": 'echo "mount $*" >>"$STATE/calls"; touch "$STATE/mounted"',
    "sleep": "exit 0",
}


@pytest.mark.parametrize("serial", [ID, ID[:20]])
def test_the_script_formats_once_and_mounts_what_is_not(tmp_path, serial):
    done = [run_mount(tmp_path, serial) for _time in range(2)]
    assert [each.returncode for each in done] == [0, 0], done
    assert (tmp_path / "calls").read_text().splitlines() == ["mkfs.xfs /dev/vdb", f"mount {tmp_path}/data"]
    assert (tmp_path / "fstab").read_text() == f"UUID=1234-uuid {tmp_path}/data auto defaults,nofail 0 2\n"


def test_the_script_leaves_a_file_system_that_is_there(tmp_path):
    (tmp_path / "type").write_text("ext4\n")
    assert run_mount(tmp_path, ID).returncode == 0
    assert (tmp_path / "calls").read_text().splitlines() == [f"mount {tmp_path}/data"]


def test_the_script_touches_no_other_disk(tmp_path):
    done = run_mount(tmp_path, "another-volume-of-twenty-letters")
    assert done.returncode == 1
    assert f"volume {ID} has not appeared" in done.stderr
    assert not (tmp_path / "calls").exists()


def run_mount(directory, serial):
    """Run the script with tools that only tell what they are asked for, and with an fstab in DIRECTORY."""
    bin = directory / "bin"
    bin.mkdir(exist_ok=True)
    for name, body in TOOLS.items():
        (bin / name).write_text(f"#!/bin/sh\n{body}\n")
        (bin / name).chmod(0o755)
    fstab = directory / "fstab"
    fstab.touch()
    volume = Volume("data", location=f"{directory}/data", fs_type="xfs")
    script = cloud_init.mount_script({ID: volume}).replace("/etc/fstab", str(fstab))
    environment = {"PATH": f"{bin}:{os.environ['PATH']}", "STATE": str(directory), "SERIAL": serial}
    return subprocess.run(["sh", "-c", script], env=environment, text=True, capture_output=True, check=False)
