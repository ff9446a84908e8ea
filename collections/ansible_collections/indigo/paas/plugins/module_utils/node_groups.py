# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site is asked for: groups of equal nodes as typed data, read from a plan's plain data. Pure.

Reading never fails, so that what a deployment has can always be compared with its plan; what no site could make of a
group, `group_problems` tells.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.amounts import amount
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem

Data = Mapping[str, Any]

PORTED = ("tcp", "udp")
PORTLESS = ("icmp",)
ANYBODY = ("0.0.0.0/0", "::/0")

_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_PUBLIC_KEY = re.compile(r"[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\r\n]*)?")
_DIRECTORY = re.compile(r"(/[A-Za-z0-9._+@-]+)+")
_FILE_SYSTEM = re.compile(r"[a-z][a-z0-9]{1,15}")


@dataclass(frozen=True)
class Size:
    """How large each node is to be.

    cpus            number of CPUs, 1 where nothing is said
    memory          in bytes, 512 MiB where nothing is said
    disk            the least size of the first disk, in bytes; None where it does not matter
    gpus            number of GPUs that are the node's alone
    instance_type   the site's own name of a size, which counts in place of the others
    preemptible     whether the site may take the node back
    """

    cpus: float = 1
    memory: int = 512 * 1024**2
    disk: int | None = None
    gpus: int = 0
    instance_type: str | None = None
    preemptible: bool = False


@dataclass(frozen=True)
class WantedImage:
    """What each node is to start from; an attribute that is None does not matter.

    image          the name of an image, or what else the site knows one by; then the rest does not count
    type           of the operating system, such as linux
    distribution   such as debian
    version        of the distribution, or its code name
    architecture   such as x86_64
    """

    image: str | None = None
    type: str | None = None
    distribution: str | None = None
    version: str | None = None
    architecture: str | None = None


@dataclass(frozen=True)
class Port:
    """Ports of each node that are open to others than the deployment's nodes.

    name          what the template calls it
    protocol      tcp, udp, or icmp, which has no ports
    first, last   the first and the last of them, as the node's own programs know them; None where there are none
    remote_cidr   the network that may come in; None for everybody
    problem       what is wrong with it, as the end of a sentence
    """

    name: str = ""
    protocol: str = "tcp"
    first: int | None = None
    last: int | None = None
    remote_cidr: str | None = None
    problem: str | None = None

    @property
    def is_limited(self) -> bool:
        """Whether some may not come in."""
        return self.remote_cidr not in (None, *ANYBODY)

    @property
    def numbers(self) -> range:
        """All of them; none where it has none."""
        return range(0) if self.first is None or self.last is None else range(self.first, self.last + 1)

    @classmethod
    def from_plan(cls, port: Data) -> Port:
        """Return the port of a plan; the target counts, and where there is none the source."""
        name, protocol = str(port.get("name") or ""), str(port.get("protocol") or "tcp").lower()
        try:
            first, last = _span(port, protocol)
            return cls(name, protocol, first, last, _network(port.get("remote_cidr")))
        except (TypeError, ValueError, LookupError) as error:
            return cls(name, protocol, problem=str(error))


@dataclass(frozen=True)
class Volume:
    """A disk that each node gets besides its own.

    name          what the template calls it
    size          in bytes; None where the site chooses
    type          the site's own name of a kind of volumes
    volume_id     the existing volume, or image of one, that is attached instead of a new one
    snapshot_id   the snapshot that a new one is made from
    location      the directory that it is mounted at; None where it is not mounted
    device        the name that the node shall have for it
    fs_type       the file system that is made on it where it has none
    """

    name: str
    size: int | None = None
    type: str | None = None
    volume_id: str | None = None
    snapshot_id: str | None = None
    location: str | None = None
    device: str | None = None
    fs_type: str | None = None

    @classmethod
    def from_plan(cls, volume: Data) -> Volume:
        """Return the volume of a plan."""
        texts = ("type", "volume_id", "snapshot_id", "location", "device", "fs_type")
        return cls(
            name=str(volume.get("name") or "data"),
            size=volume.get("size") or None,
            **{name: _text(volume.get(name)) for name in texts},
        )


@dataclass(frozen=True)
class OwnNetwork:
    """A network that the site makes for the deployment, and that each node is in.

    name      what the template calls it: groups that name the same one share it
    cidr      its range of addresses
    gateway   the address of its gateway; None where the site chooses
    address   the node's address in it; None where the site chooses
    """

    name: str
    cidr: str
    gateway: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class Account:
    """A user account that each node gets.

    name         of the account
    uid          its number; None where the node chooses
    sudo         whether it may become root
    public_key   the SSH key that opens it; None for none
    """

    name: str
    uid: int | None = None
    sudo: bool = False
    public_key: str | None = None

    @classmethod
    def from_plan(cls, user: Data) -> Account:
        """Return the account for a `tosca.datatypes.indigo.User` of a plan."""
        return cls(
            name=str(user.get("os_user_name")),
            uid=user.get("os_user_guid"),
            sudo=bool(user.get("os_user_add_to_sudoers")),
            public_key=_text(user.get("os_user_ssh_public_key")),
        )


@dataclass(frozen=True)
class NodeGroup:
    """Nodes that are alike, and how many of them there shall be.

    name           what the template calls it, for people to read
    safe_name      its identity, which is a name for Ansible: nodes carry it as their label
    hostname       what the names of its nodes begin with
    count          how many nodes there shall be
    removal_list   names and ids of nodes that shall go
    indices        the indices of its nodes at this site, where the others are elsewhere; None for any
    taken          names that no new node may have
    size, image    of each node
    public         whether its nodes have addresses for the world outside
    network        the site's own name of the network of its nodes; None where the site chooses
    dns_name       what its node is called where it is a single one
    networks       that are made for the deployment
    ports          that are open
    volumes        that its nodes get
    users          accounts on its nodes
    tags           that the site's own tools show at its nodes, by name
    """

    name: str
    safe_name: str
    hostname: str
    count: int = 1
    removal_list: tuple[str, ...] = ()
    indices: tuple[int, ...] | None = None
    taken: frozenset[str] = frozenset()
    size: Size = Size()
    image: WantedImage = WantedImage()
    public: bool = False
    network: str | None = None
    dns_name: str | None = None
    networks: tuple[OwnNetwork, ...] = ()
    ports: tuple[Port, ...] = ()
    volumes: tuple[Volume, ...] = ()
    users: tuple[Account, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_plan(cls, group: Data) -> NodeGroup:
        """Return the group of a plan."""
        network, indices = group.get("network") or {}, group.get("indices")
        name = group.get("name") or group["group"]
        return cls(
            name=name,
            safe_name=group.get("group") or name,
            hostname=group.get("hostname") or name,
            count=group.get("count", 1),
            removal_list=tuple(group.get("removal_list") or ()),
            indices=None if indices is None else tuple(indices),
            taken=frozenset(group.get("taken") or ()),
            size=Size(**_set_fields(group.get("size"), Size)),
            image=WantedImage(**_set_fields(group.get("image"), WantedImage)),
            public=bool(network.get("public")),
            network=network.get("name") or None,
            dns_name=network.get("dns_name"),
            networks=tuple(OwnNetwork(**each) for each in group.get("networks") or ()),
            ports=tuple(map(Port.from_plan, group.get("ports") or ())),
            volumes=tuple(map(Volume.from_plan, group.get("volumes") or ())),
            users=tuple(map(Account.from_plan, group.get("users") or ())),
            tags={str(name): str(value) for name, value in (group.get("tags") or {}).items()},
        )


def read_groups(groups: Iterable[Data]) -> list[NodeGroup]:
    """Return the groups of a plan."""
    return [NodeGroup.from_plan(group) for group in groups]


def group_problems(groups: Iterable[NodeGroup]) -> Iterator[Problem]:
    """Yield what no site could make of GROUPS."""
    for group in groups:
        for port in group.ports:
            if port.problem:
                yield Problem(f"The port '{port.name}' of '{group.name}': {port.problem}")
        yield from account_problems(group.users)
        yield from volume_problems(volume for volume in group.volumes if volume.location)


def account_problems(users: Iterable[Account]) -> Iterator[Problem]:
    """Yield what is wrong with the names and keys of USERS."""
    for user in users:
        if not _ACCOUNT.fullmatch(user.name):
            yield Problem(
                f"The account {user.name[:60]!r} cannot be made",
                hint="Give os_user_name lower-case letters, digits, hyphens and underscores, 32 at most.",
            )
        elif user.public_key and not _PUBLIC_KEY.fullmatch(user.public_key.strip()):
            yield Problem(
                f"The SSH key of the account '{user.name}' is no public key", hint="Give it as TYPE BASE64 on one line."
            )


def volume_problems(volumes: Iterable[Volume]) -> Iterator[Problem]:
    """Yield what is wrong with the places and file systems of VOLUMES, which are mounted."""
    for volume in volumes:
        if not _DIRECTORY.fullmatch(str(volume.location)):
            yield Problem(
                f"The volume '{volume.name}' cannot be mounted at {str(volume.location)[:80]!r}",
                hint="Give an absolute path of letters, digits and ._+@- without a slash at its end.",
            )
        if volume.fs_type and not _FILE_SYSTEM.fullmatch(volume.fs_type):
            yield Problem(
                f"The volume '{volume.name}' asks for the file system {volume.fs_type[:40]!r}, which is no name",
                hint="Give one such as ext4 or xfs.",
            )


# How what a group asks for is called; a name is a field's, or that of a field of its size, ports or volumes.
_SIZES: dict[str, Callable[[Size], str]] = {
    "disk": lambda size: f"a disk of {amount(size.disk or 0)}",
    "gpus": lambda size: f"{size.gpus} GPUs",
    "instance_type": lambda size: f"the instance_type '{size.instance_type}'",
    "preemptible": lambda _size: "that its nodes may be taken back",
}


def wishes(group: NodeGroup) -> dict[str, str]:
    """Return what GROUP asks for besides nodes of a size and an image: by the name of the field, in words."""
    listed = {
        "ports": _names("the ports", (port.name for port in group.ports)),
        "ports.remote_cidr": _names("the remote_cidr of", (port.name for port in group.ports if port.is_limited)),
        "volumes": _names("the volumes", (volume.name for volume in group.volumes)),
        "users": _names("the accounts", (user.name for user in group.users)),
        "tags": _names("the tags", group.tags),
        "network": _names("the network", [group.network] if group.network else []),
        **{
            f"volumes.{name}": _names(
                f"the {name} of", (volume.name for volume in group.volumes if getattr(volume, name))
            )
            for name in ("size", "type", "volume_id", "snapshot_id", "location", "device", "fs_type")
        },
    }
    sized = {f"size.{name}": say(group.size) for name, say in _SIZES.items() if getattr(group.size, name)}
    return sized | {name: words for name, words in listed.items() if words}


def _names(what: str, names: Iterable[str]) -> str:
    found = ", ".join(f"'{name}'" for name in names)
    return f"{what} {found}" if found else ""


def wanted_networks(groups: Iterable[NodeGroup]) -> dict[str, dict[str, Any]]:
    """Return the networks that GROUPS ask for by their names: {"cidr", "gateway", "addresses"}."""
    found: dict[str, dict[str, Any]] = {}
    for group in groups:
        for network in group.networks:
            made = found.setdefault(
                network.name, {"cidr": network.cidr, "gateway": network.gateway, "addresses": set()}
            )
            made["addresses"] |= {network.address} - {None}
    return found


def _set_fields(values: Data | None, kind: type) -> dict[str, Any]:
    """Return those of VALUES that say something about a field of KIND."""
    names = [each.name for each in fields(kind)]
    return {name: values[name] for name in names if values and values.get(name)}


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _span(port: Data, protocol: str) -> tuple[int | None, int | None]:
    """Return the first and the last port. Raises ValueError with the end of a sentence."""
    if protocol in PORTLESS:
        return None, None
    if protocol not in PORTED:
        raise ValueError(f"'{protocol}' is no protocol with ports; it must be {' or '.join(PORTED)}")
    first, last = (int(end) for end in _ends(port))
    if not 1 <= first <= last <= 65535:
        raise ValueError(f"{first} to {last} is no range of ports")
    return first, last


def _ends(port: Data) -> Sequence[Any]:
    for span in (port.get("target_range"), port.get("source_range")):
        if span:
            return span[0], span[1]
    number = port.get("target") or port.get("source")
    if number is None:
        raise ValueError("it has neither target nor source")
    return number, number


def _network(cidr: Any) -> str | None:
    return None if cidr is None else str(ipaddress.ip_network(str(cidr), strict=False))
