# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which machines have to be made so that images can be prepared from them. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import (
    PreparedImage,
    Services,
    choose,
    new_image,
)

Data = dict[str, Any]


@dataclass(frozen=True)
class Preparation:
    """An image to be made: the node group of one machine that it is made from, and the roles that are installed there.

    roles: the arguments of each role's `install`, by the role's name.
    """

    group: Data
    roles: Mapping[str, Data]
    image: PreparedImage

    def to_dict(self) -> Data:
        """Return it as plain data."""
        return {"group": self.group, "roles": dict(self.roles), "image": self.image.to_dict()}


class Machine(NamedTuple):
    """A node group of a plan, and what can be installed on its nodes beforehand.

    base, distribution: what its nodes start from without a prepared image. roles: as of `Preparation`.
    services: their digests.
    """

    group: Data
    base: str
    distribution: str
    roles: Mapping[str, Data]
    services: Services


def preparations(machines: Iterable[Machine], now: datetime.datetime) -> list[Preparation]:
    """Return the images that serve all of MACHINES, each of them once."""
    found: dict[str, Preparation] = {}
    for machine in machines:
        if machine.services:
            image = new_image(machine.distribution, machine.services, machine.base, now)
            group = builder_group(machine.group, len(found))
            found.setdefault(image.name, Preparation(group, machine.roles, image))
    return list(found.values())


def ready(
    wanted: Preparation, images: Iterable[PreparedImage], now: datetime.datetime, max_age: float
) -> PreparedImage | None:
    """Return which of IMAGES can be used and has all the services of what is WANTED; None where it has to be made."""
    found = choose(images, wanted.image.base, wanted.image.services, now, max_age).image
    return found if found and set(found.services) == set(wanted.image.services) else None


def builder_group(group: Mapping[str, Any], number: int) -> Data:
    """Return the node group of the one machine that an image for GROUP is made from: of its size, and nothing else."""
    name = f"image-{number}"
    return {
        "name": name,
        "group": f"image_{number}",
        "hostname": name,
        "type": group.get("type"),
        "count": 1,
        "removal_list": [],
        "size": {**(group.get("size") or {}), "gpus": 0},
        "image": group.get("image"),
        "network": {"public": False, "name": None, "dns_name": None},
        "ports": [],
        "volumes": [],
        "users": [],
        "tags": {},
    }
