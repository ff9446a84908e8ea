# SPDX-License-Identifier: Apache-2.0
"""For each field of a node group, a group that uses it and one that does not, and what a site makes of that."""

from __future__ import annotations

import contextlib
import functools
import json
import pathlib
import re
import tempfile
from dataclasses import dataclass
from typing import Any
from unittest import mock

from ansible_collections.indigo.paas.plugins.module_utils import node_groups, ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.brokering import distribute
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from tests.sites.conformance.doubles import DOUBLES, HOST_KEY, Double

Data = dict[str, Any]

HONOURED, PARTLY, WARNED, REFUSED, DROPPED = "honoured", "in part, warned", "warned", "refused", "dropped"

GB = 10**9
SIZE = {"cpus": 1, "memory": GB, "disk": None, "gpus": 0, "instance_type": None}
NETWORK = {"name": "lan", "cidr": "10.7.0.0/24", "gateway": None, "address": None}
PORT = {"name": "web", "source": 8080}
VOLUME = {"name": "data", "location": "/srv/data"}
USER = {"os_user_name": "ann"}

# By the beginning of the names of their fields.
CLASSES: dict[str, type[Any]] = {
    "": node_groups.NodeGroup,
    "size.": node_groups.Size,
    "image.": node_groups.WantedImage,
    "networks.": node_groups.OwnNetwork,
    "ports.": node_groups.Port,
    "volumes.": node_groups.Volume,
    "users.": node_groups.Account,
}

# What is the same at all sites, for base.py does it.
EVERYWHERE = ("name", "safe_name", "hostname", "count", "removal_list", "indices", "taken", "dns_name")
# What only says what a thing is called.
NAMES = ("networks.name", "ports.name", "ports.problem", "volumes.name")


def _size(**more: Any) -> Data:
    return {"size": {**SIZE, **more}}


def _image(**image: Any) -> Data:
    return {"image": image}


def _network(**more: Any) -> Data:
    return {"networks": [{**NETWORK, **more}]}


def _port(**more: Any) -> Data:
    return {"network": {"public": True}, "ports": [{**PORT, **more}]}


def _volume(**more: Any) -> Data:
    return {"volumes": [{**VOLUME, **more}]}


def _user(**more: Any) -> Data:
    return {"users": [{**USER, **more}]}


# By the name of the field: a group that does not use it, and one that does, beyond BARE.
PROBES: dict[str, tuple[Data, Data]] = {
    "size.cpus": ({}, _size(cpus=4)),
    "size.memory": ({}, _size(memory=12 * GB)),
    "size.disk": ({}, _size(disk=50 * GB)),
    "size.gpus": ({}, _size(gpus=1)),
    "size.instance_type": ({}, _size(instance_type="large")),
    "size.preemptible": ({}, _size(preemptible=True)),
    "image.image": ({}, _image(image="other")),
    "image.type": ({}, _image(type="bsd")),
    "image.distribution": ({}, _image(distribution="strange")),
    "image.version": ({}, _image(version="12")),
    "image.architecture": ({}, _image(architecture="arm64")),
    "public": ({}, {"network": {"public": True}}),
    "network": ({}, {"network": {"public": False, "name": "lab"}}),
    "networks.cidr": ({}, _network()),
    "networks.gateway": (_network(), _network(gateway="10.7.0.254")),
    "networks.address": (_network(), _network(address="10.7.0.9")),
    "ports": ({"network": {"public": True}}, _port()),
    "ports.protocol": (_port(), _port(protocol="udp")),
    "ports.first": (_port(), _port(source=8000)),
    "ports.last": (_port(), _port(source_range=[8080, 8090])),
    "ports.remote_cidr": (_port(), _port(remote_cidr="192.0.2.0/24")),
    "volumes.location": ({}, _volume()),
    "volumes.size": (_volume(), _volume(size=7 * GB)),
    "volumes.type": (_volume(), _volume(type="fast")),
    "volumes.volume_id": (_volume(), _volume(volume_id="shared")),
    "volumes.snapshot_id": (_volume(), _volume(snapshot_id="yesterday")),
    "volumes.device": (_volume(), _volume(device="/dev/vdx")),
    "volumes.fs_type": (_volume(), _volume(fs_type="xfs")),
    "users.name": ({}, _user()),
    "users.uid": (_user(), _user(os_user_guid=4711)),
    "users.sudo": (_user(), _user(os_user_add_to_sudoers=True)),
    "users.public_key": (_user(), _user(os_user_ssh_public_key="ssh-ed25519 BBBB")),
    "tags": ({}, {"tags": {"team": "probe"}}),
}

# The doubles are at another address, where no port is known for a private node.
BARE = {
    "name": "wn",
    "group": "wn",
    "hostname": "wn",
    "count": 1,
    "size": SIZE,
    "image": {},
    "network": {"public": False},
}


@dataclass(frozen=True)
class Outcome:
    """What a site did: what its service was asked for, the warnings, and why it refused, None where it did not."""

    asked: str
    warnings: frozenset[str]
    refusal: str | None = None


def outcome(kind: type[Any], more: Data) -> Outcome:
    """Return what the site at a new double of KIND makes of BARE with MORE."""
    return _outcome(kind, json.dumps(more))


@functools.cache
def _outcome(kind: type[Any], more: str) -> Outcome:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        double: Double = kind(pathlib.Path(folder))
        stack.callback(double.stop)
        stack.enter_context(mock.patch.object(ssh_keys, "generate", return_value=HOST_KEY))
        for patch in double.patches():
            stack.enter_context(patch)
        return _deployed(double, {**BARE, **json.loads(more)})


def _deployed(double: Double, group: Data) -> Outcome:
    try:
        site = double.site()
        placed = distribute({"groups": [group]}, [site.describe()], {"wn": {0: None}})
        made = site.ensure_nodes("probe", placed["parts"][0]["groups"], public_key="ssh-ed25519 K")
    except SiteError as error:
        if not error.bad_input:
            raise
        return Outcome(double.asked(), frozenset(), str(error))
    return Outcome(double.asked(), frozenset([*placed["warnings"], *made.warnings]))


def verdict(kind: type[Any], field: str) -> str:
    """Return what a site at a double of KIND makes of FIELD."""
    without, using = PROBES[field]
    bare, before, after = (outcome(kind, more) for more in ({}, without, using))
    assert bare.refusal is None, bare.refusal
    if after.refusal:
        return REFUSED
    changed = after.asked != before.asked
    if after.warnings - bare.warnings:
        return PARTLY if changed else WARNED
    return HONOURED if changed or _is_anyhow(kind, field) else DROPPED


def _is_anyhow(kind: type[Any], field: str) -> bool:
    """Return whether FIELD is so without anything that a site at a double of KIND could do."""
    with tempfile.TemporaryDirectory() as folder:
        double: Double = kind(pathlib.Path(folder))
        anyhow = double.site().ANYHOW
        double.stop()
    return any(field == name or field.startswith(f"{name}.") for name in anyhow)


def fields_table() -> str:
    """Return the first table of docs/add-a-cloud.md: what each field means, as the classes say it."""
    rows = ["| class | field | meaning |\n", "| --- | --- | --- |\n"]
    for kind in CLASSES.values():
        for names, meaning in re.findall(r"^    (\w+(?:, \w+)*) {2,}(\S.*)$", kind.__doc__ or "", re.MULTILINE):
            shown = ", ".join(f"`{name}`" for name in names.split(", "))
            rows.append(f"| `{kind.__name__}` | {shown} | {meaning} |\n")
    return "".join(rows)


def table() -> str:
    """Return the second one: what each type of site makes of each field."""
    rows = [["field", *DOUBLES], ["---"] * (len(DOUBLES) + 1)]
    rows += [[f"`{name}`", *(verdict(kind, name) for _type, kind in DOUBLES.values())] for name in PROBES]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
