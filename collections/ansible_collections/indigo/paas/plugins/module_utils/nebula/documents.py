# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that OpenNebula is sent: templates of machines. Pure.

They are made as XML by a library, never put together as text: what a template of TOSCA says stays one value.
"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

from ansible_collections.indigo.paas.plugins.module_utils.cloud_init import account_script
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, Volume
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import NewNode

Data = Mapping[str, Any]

LABEL = "INDIGO_PAAS_"
DEPLOYMENT = LABEL + "DEPLOYMENT"
GROUP = LABEL + "GROUP"
INDEX = LABEL + "INDEX"
HOSTNAME = LABEL + "HOSTNAME"
HOST_KEY = LABEL + "HOST_KEY"
PUBLIC = LABEL + "PUBLIC"
# What the names of tags begin with.
TAG = "TAG_"

MIB = 1024**2

# What a start script may be called in a template's own CONTEXT.
SCRIPT, ENCODED_SCRIPT = "START_SCRIPT", "START_SCRIPT_BASE64"


def to_xml(attributes: Iterable[tuple[str, Any]], root: str = "TEMPLATE") -> str:
    """Return ATTRIBUTES, pairs of a name and a text or a dictionary of texts, as an XML template."""
    whole = ElementTree.Element(root)
    for name, value in attributes:
        element = ElementTree.SubElement(whole, name)
        if isinstance(value, dict):
            for key, text in value.items():
                ElementTree.SubElement(element, key).text = str(text)
        else:
            element.text = str(value)
    return ElementTree.tostring(whole, encoding="unicode")


def labels(deployment: str, node: NewNode, host_key: str) -> dict[str, str]:
    """Return the labels by which a machine is found again as a node, and that say all that is known of it."""
    return {
        DEPLOYMENT: deployment,
        GROUP: node.group.safe_name,
        INDEX: str(node.index),
        HOSTNAME: node.name,
        HOST_KEY: host_key,
        PUBLIC: "1" if node.group.public else "0",
        **_tags(node.group),
    }


def _tags(group: NodeGroup) -> dict[str, str]:
    """Return the tags of GROUP as attributes, under names that mean nothing to OpenNebula."""
    return {TAG + re.sub(r"[^A-Z0-9]+", "_", name.upper()): value for name, value in group.tags.items()}


def machine(
    group: NodeGroup,
    named: Mapping[str, str],
    *,
    nics: Iterable[dict[str, Any]],
    disks: Iterable[dict[str, Any]],
    context: dict[str, str],
    cpu_share: float,
) -> list[tuple[str, Any]]:
    """Return the attributes of a machine of GROUP; NAMED are its labels.

    cpu_share   the physical CPU that one virtual CPU is promised
    """
    cpus = group.size.cpus
    return [
        ("NAME", f"{named[DEPLOYMENT]}.{named[HOSTNAME]}"),
        ("CPU", f"{cpus * cpu_share:g}"),
        ("VCPU", str(max(1, round(cpus)))),
        ("MEMORY", str(memory_mib(group))),
        *(("NIC", nic) for nic in nics),
        *(("DISK", disk) for disk in disks),
        ("CONTEXT", context),
        *named.items(),
    ]


def memory_mib(group: NodeGroup) -> int:
    """Return the memory of a node of GROUP in MiB, rounded up."""
    return -(-int(group.size.memory) // MIB)


def disks(group: NodeGroup, base: Iterable[Data], least: int = 0) -> list[dict[str, Any]]:
    """Return the disks of a machine: BASE, those of its image or template, and a disk for each volume of GROUP.

    The first is as large as GROUP asks, if that is more than it is. Each volume has a serial number, by which the
    machine finds it.

    least   size of the first disk's image, in MiB: no disk can be smaller
    """
    own = [{key: str(value) for key, value in disk.items()} for disk in base]
    wanted = -(-int(group.size.disk or 0) // MIB)
    if own and wanted > max(least, int(own[0].get("SIZE") or 0)):
        own[0]["SIZE"] = str(wanted)
    return [*own, *(_volume(volume, serial) for volume, serial in _serials(group))]


def as_list(value: Any) -> list[Any]:
    """Return what one or several elements of a name are, as a list."""
    if value in (None, ""):
        return []
    return value if isinstance(value, list) else [value]


def _serials(group: NodeGroup) -> list[tuple[Volume, str]]:
    return [(volume, f"paas{number}") for number, volume in enumerate(group.volumes)]


def _volume(volume: Volume, serial: str) -> dict[str, Any]:
    # No TARGET: the guest counts its virtio disks for itself, whatever they are called here.
    disk = {"DEV_PREFIX": "vd", "SERIAL": serial}
    if volume.volume_id:
        return {"IMAGE_ID": volume.volume_id, **disk}
    size = -(-int(volume.size or 10**9) // MIB)
    return {"TYPE": "fs", "FORMAT": "raw", "SIZE": str(size), **disk}


def context(hostname: str, public_key: str, host_key: str, group: NodeGroup, own: Data | None = None) -> dict[str, str]:
    """Return what the machine is told when it first starts: its name, who may enter, its host key, volumes, accounts.

    host_key   the private key, in OpenSSH's format
    own        the CONTEXT of the template that the machine is made of: it stays, but for what is said here, and its
               start script runs last
    """
    serials = _serials(group)
    mounts = [_mount(volume, serial, len(serials) - place) for place, (volume, serial) in enumerate(serials, start=1)]
    accounts = account_script(group.users)
    script = "\n".join([_identity(host_key), *mounts, accounts, *_scripts(own or {})])
    return {
        **{key: str(value) for key, value in (own or {}).items() if key != SCRIPT},
        "NETWORK": "YES",
        "SET_HOSTNAME": hostname,
        "SSH_PUBLIC_KEY": public_key.strip(),
        ENCODED_SCRIPT: _encoded(script),
    }


def _scripts(own: Data) -> list[str]:
    """Return the lines that run the start script of a template's OWN context; of two the plain one counts, as there."""
    encoded = _encoded(str(own[SCRIPT])) if own.get(SCRIPT) else str(own.get(ENCODED_SCRIPT) or "")
    if not encoded:
        return []
    return [
        "# The template's own start script.",
        "own=$(mktemp)",
        f"printf '%s' {shlex.quote(encoded)} | base64 -d >\"$own\"",
        'chmod 700 "$own"',
        '"$own"',
        'rm -f "$own"',
    ]


def _encoded(script: str) -> str:
    return base64.b64encode(script.encode()).decode()


def _identity(host_key: str) -> str:
    return f"""#!/bin/sh
# The host key is known before the machine is: nobody else can answer in its place.
umask 077
printf '%s' {shlex.quote(host_key)} >/etc/ssh/ssh_host_ed25519_key.new
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
mv /etc/ssh/ssh_host_ed25519_key.new /etc/ssh/ssh_host_ed25519_key
ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key >/etc/ssh/ssh_host_ed25519_key.pub
mkdir -p /etc/ssh/sshd_config.d
printf 'HostKey /etc/ssh/ssh_host_ed25519_key\\nPermitRootLogin prohibit-password\\n' \\
  >/etc/ssh/sshd_config.d/10-indigo-paas.conf
systemctl restart ssh 2>/dev/null || systemctl restart sshd"""


def _mount(volume: Volume, serial: str, later: int) -> str:
    """Return the lines that mount VOLUME; LATER is how many volumes come after it."""
    if not volume.location:
        return ""
    kind, place = shlex.quote(volume.fs_type or "ext4"), shlex.quote(volume.location)
    return f"""# OpenNebula before 7.0 hands no serial number on. The guest counts its virtio disks in their order here.
device=/dev/disk/by-id/virtio-{serial}
udevadm settle --timeout=30 --exit-if-exists="$device" 2>/dev/null
test -e "$device" || device=$(ls /dev/vd? | tail -n {later + 1} | head -n 1)
blkid "$device" >/dev/null || mkfs -t {kind} "$device"
mkdir -p {place}
uuid=$(blkid -s UUID -o value "$device")
grep -q "^UUID=$uuid " /etc/fstab || printf 'UUID=%s %s %s defaults,nofail 0 2\\n' "$uuid" {place} {kind} >>/etc/fstab
mountpoint -q {place} || mount "$device" {place}"""
