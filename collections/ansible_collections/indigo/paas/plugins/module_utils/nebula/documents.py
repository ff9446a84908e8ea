# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that OpenNebula is sent: templates of machines and of security groups. Pure.

They are made as XML by a library, never put together as text: what a template of TOSCA says stays one value.
"""

from __future__ import annotations

import base64
import ipaddress
import shlex
import typing as t
from xml.etree import ElementTree

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_size import node_size

Data = t.Mapping[str, t.Any]

LABEL = "INDIGO_PAAS_"
DEPLOYMENT = LABEL + "DEPLOYMENT"
GROUP = LABEL + "GROUP"
INDEX = LABEL + "INDEX"
HOSTNAME = LABEL + "HOSTNAME"
HOST_KEY = LABEL + "HOST_KEY"
PUBLIC = LABEL + "PUBLIC"

MIB = 1024**2
LARGEST_SIZE = 2**32 - 1  # addresses in one rule
PROTOCOLS = {"tcp": "TCP", "udp": "UDP", "icmp": "ICMP"}


def to_xml(attributes: t.Iterable[tuple[str, t.Any]], root: str = "TEMPLATE") -> str:
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


def labels(deployment: str, group: Data, index: int, hostname: str, host_key: str) -> dict[str, str]:
    """Return the labels by which a machine is found again as a node, and that say all that is known of it."""
    public = bool((group.get("network") or {}).get("public"))
    return {
        DEPLOYMENT: deployment,
        GROUP: group["group"],
        INDEX: str(index),
        HOSTNAME: hostname,
        HOST_KEY: host_key,
        PUBLIC: "1" if public else "0",
    }


def machine(
    group: Data,
    named: t.Mapping[str, str],
    *,
    nics: t.Iterable[dict[str, t.Any]],
    disks: t.Iterable[dict[str, t.Any]],
    context: dict[str, str],
    cpu_share: float,
) -> list[tuple[str, t.Any]]:
    """Return the attributes of a machine of the plan's GROUP; NAMED are its labels.

    cpu_share   the physical CPU that one virtual CPU is promised
    """
    size = node_size(group)
    return [
        ("NAME", f"{named[DEPLOYMENT]}.{named[HOSTNAME]}"),
        ("CPU", f"{size['cpus'] * cpu_share:g}"),
        ("VCPU", str(max(1, round(size["cpus"])))),
        ("MEMORY", str(memory_mib(group))),
        *(("NIC", nic) for nic in nics),
        *(("DISK", disk) for disk in disks),
        ("CONTEXT", context),
        *named.items(),
    ]


def memory_mib(group: Data) -> int:
    """Return the memory of a node of GROUP in MiB, rounded up."""
    return -(-int(node_size(group)["memory"]) // MIB)


def disks(group: Data, base: t.Iterable[Data]) -> list[dict[str, t.Any]]:
    """Return the disks of a machine: those of its image or template, the first as large as GROUP asks, and volumes.

    Each volume has a serial number, by which the machine finds it.
    """
    own = [{key: str(value) for key, value in disk.items()} for disk in base]
    wanted = (group.get("size") or {}).get("disk")
    if own and wanted:
        own[0]["SIZE"] = str(-(-int(wanted) // MIB))
    return [*own, *(_volume(volume, serial) for volume, serial in _serials(group))]


def keeps_disks(group: Data) -> bool:
    """Return whether a machine of GROUP has the disks of its template as they are."""
    return not (group.get("size") or {}).get("disk") and not group.get("volumes")


def _serials(group: Data) -> list[tuple[Data, str]]:
    return [(volume, f"paas{number}") for number, volume in enumerate(group.get("volumes") or ())]


def _volume(volume: Data, serial: str) -> dict[str, t.Any]:
    # No TARGET: the guest counts its virtio disks for itself, whatever they are called here.
    disk = {"DEV_PREFIX": "vd", "SERIAL": serial}
    if volume.get("volume_id"):
        return {"IMAGE_ID": str(volume["volume_id"]), **disk}
    size = -(-int(volume.get("size") or 10**9) // MIB)
    return {"TYPE": "fs", "FORMAT": "raw", "SIZE": str(size), **disk}


def context(hostname: str, public_key: str, host_key: str, group: Data) -> dict[str, str]:
    """Return what the machine is told when it first starts: its name, who may enter, its host key, its volumes.

    host_key   the private key, in OpenSSH's format
    """
    serials = _serials(group)
    mounts = [_mount(volume, serial, len(serials) - place) for place, (volume, serial) in enumerate(serials, start=1)]
    script = "\n".join([_identity(host_key), *mounts])
    return {
        "NETWORK": "YES",
        "SET_HOSTNAME": hostname,
        "SSH_PUBLIC_KEY": public_key.strip(),
        "START_SCRIPT_BASE64": base64.b64encode(script.encode()).decode(),
    }


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


def _mount(volume: Data, serial: str, later: int) -> str:
    """Return the lines that mount VOLUME; LATER is how many volumes come after it."""
    location = volume.get("location")
    if not location:
        return ""
    kind, place = shlex.quote(volume.get("fs_type") or "ext4"), shlex.quote(str(location))
    return f"""# OpenNebula before 7.0 hands no serial number on. The guest counts its virtio disks in their order here.
device=/dev/disk/by-id/virtio-{serial}
udevadm settle --timeout=30 --exit-if-exists="$device" 2>/dev/null
test -e "$device" || device=$(ls /dev/vd? | tail -n {later + 1} | head -n 1)
blkid "$device" >/dev/null || mkfs -t {kind} "$device"
mkdir -p {place}
uuid=$(blkid -s UUID -o value "$device")
grep -q "^UUID=$uuid " /etc/fstab || printf 'UUID=%s %s %s defaults,nofail 0 2\\n' "$uuid" {place} {kind} >>/etc/fstab
mountpoint -q {place} || mount "$device" {place}"""


def security_group(deployment: str, group: Data, private_network: int) -> list[tuple[str, t.Any]]:
    """Return the security group of the plan's GROUP: SSH, its ports, and all between nodes of the private network.

    Raises SiteError where a port's remote_cidr is larger than a rule can be.
    """
    return [
        ("NAME", f"indigo-paas-{deployment}-{group['group']}"),
        (DEPLOYMENT, deployment),
        (GROUP, group["group"]),
        ("RULE", {"PROTOCOL": "ALL", "RULE_TYPE": "outbound"}),
        ("RULE", {"PROTOCOL": "ALL", "RULE_TYPE": "inbound", "NETWORK_ID": str(private_network)}),
        ("RULE", {"PROTOCOL": "TCP", "RULE_TYPE": "inbound", "RANGE": "22"}),
        *(("RULE", rule) for rule in map(_rule, group.get("ports") or ()) if rule),
    ]


def rules_of(document: t.Iterable[tuple[str, t.Any]]) -> list[tuple[tuple[str, str], ...]]:
    """Return the rules of a security group in a form that two of them can be compared in."""
    return sorted(tuple(sorted(value.items())) for name, value in document if name == "RULE")


def _rule(port: Data) -> dict[str, str]:
    protocol = PROTOCOLS.get(str(port.get("protocol") or "tcp").lower())
    if protocol is None:
        return {}
    rule = {"PROTOCOL": protocol, "RULE_TYPE": "inbound"}
    ports = port.get("source_range") or port.get("target_range") or port.get("source") or port.get("target")
    if protocol != "ICMP" and ports:
        rule["RANGE"] = _range(ports)
    return {**rule, **_from(port.get("remote_cidr"))}


def _range(ports: t.Any) -> str:
    if isinstance(ports, (list, tuple)):
        return ":".join(map(str, ports))
    return str(ports)


def _from(cidr: t.Any) -> dict[str, str]:
    if not cidr:
        return {}
    network = ipaddress.ip_network(str(cidr), strict=False)
    if network.prefixlen == 0:
        return {}
    if network.num_addresses > LARGEST_SIZE:
        raise SiteError(
            f"OpenNebula has no rule for as many addresses as {cidr}",
            hint="Give a remote_cidr of /97 or more.",
            bad_input=True,
        )
    return {"IP": str(network.network_address), "SIZE": str(network.num_addresses)}
