# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine is told for its first start, in cloud-init's language; as JSON, which is YAML that no text breaks."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import (
    Account,
    Volume,
    account_problems,
    volume_problems,
)
from ansible_collections.indigo.paas.plugins.module_utils.ssh_keys import KeyPair

_DEFAULT_FILE_SYSTEM = "ext4"

# A disk's serial number is its volume's id, of which some buses show only the beginning.
_MOUNT = r"""set -eu
mount_volume() {
    id=$1 directory=$2 kind=$3 device=
    for _try in $(seq 60); do
        device=$(lsblk -dnpo NAME,SERIAL | awk -v id="$id" 'length($2) >= 20 && index(id, $2) == 1 { print $1; exit }')
        [ -z "$device" ] || break
        sleep 1
    done
    [ -n "$device" ] || { echo "volume $id has not appeared" >&2; return 1; }
    [ -n "$(blkid -p -o value -s TYPE "$device" || true)" ] || "mkfs.$kind" "$device"
    uuid=$(blkid -p -o value -s UUID "$device")
    mkdir -p "$directory"
    grep -q "^UUID=$uuid " /etc/fstab || echo "UUID=$uuid $directory auto defaults,nofail 0 2" >>/etc/fstab
    mountpoint -q "$directory" || mount "$directory"
}
"""


def user_data(
    hostname: str,
    public_key: str,
    host_key: KeyPair,
    users: Iterable[Account] = (),
    volumes: Mapping[str, Volume] | None = None,
) -> str:
    """Return the user data of a machine.

    public_key   opens root, and the image's own user
    users        accounts on it
    volumes      what is to be mounted, by the volume's id; one without a file system gets one

    Raises SiteError (bad_input) for an account or a place that cannot be made.
    """
    users = list(users)
    mounted = {id: volume for id, volume in (volumes or {}).items() if volume.location}
    problems = [*account_problems(users), *volume_problems(mounted.values())]
    if problems:
        raise SiteError(problems, bad_input=True)
    config: dict[str, Any] = {
        "hostname": hostname,
        "disable_root": False,
        "ssh_pwauth": False,
        "ssh_authorized_keys": [public_key.strip()],
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": host_key.private, "ed25519_public": host_key.public},
        "users": ["default", *(_account(user) for user in users)],
    }
    if mounted:
        # Before the SSH server starts, so that who can enter finds the volumes in their places.
        config["bootcmd"] = [["sh", "-c", mount_script(mounted)]]
    return f"#cloud-config\n{json.dumps(config, indent=1)}\n"


def mount_script(volumes: Mapping[str, Volume]) -> str:
    """Return the shell script that mounts VOLUMES, by their ids; it may run at each start."""
    lines = []
    for id, volume in volumes.items():
        words = [id, volume.location, volume.fs_type or _DEFAULT_FILE_SYSTEM]
        lines.append(f"mount_volume {shlex.join(map(str, words))}\n")
    return _MOUNT + "".join(lines)


def _account(user: Account) -> dict[str, Any]:
    return {
        "name": user.name,
        "shell": "/bin/bash",
        "lock_passwd": True,
        **({"uid": user.uid} if user.uid is not None else {}),
        **({"sudo": "ALL=(ALL) NOPASSWD:ALL"} if user.sudo else {}),
        **({"ssh_authorized_keys": [user.public_key.strip()]} if user.public_key else {}),
    }


def account_script(users: Iterable[Account]) -> str:
    """Return the shell script that makes USERS, where no cloud-init does; it may run at each start."""
    return "\n".join(map(_account_lines, users))


def _account_lines(user: Account) -> str:
    name = shlex.quote(user.name)
    number = f" -u {shlex.quote(str(user.uid))}" if user.uid is not None else ""
    lines = [f"id -u {name} >/dev/null 2>&1 || useradd -m -s /bin/bash{number} {name}"]
    if user.sudo:
        lines += [
            "mkdir -p /etc/sudoers.d",
            f"(umask 227; echo {name} 'ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/90-indigo-paas-{name})",
        ]
    if user.public_key:
        lines += [
            f"home=$(getent passwd {name} | cut -d: -f6)",
            f'install -d -m 700 -o {name} "$home/.ssh"',
            f"printf '%s\\n' {shlex.quote(user.public_key.strip())} >\"$home/.ssh/authorized_keys\"",
            f'chown {name} "$home/.ssh/authorized_keys"',
            'chmod 600 "$home/.ssh/authorized_keys"',
        ]
    return "\n".join(lines)
