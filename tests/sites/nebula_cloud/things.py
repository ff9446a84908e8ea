# SPDX-License-Identifier: Apache-2.0
"""What machines are made of and in: images, networks and templates, each somebody's."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

Attributes = dict[str, list[Any]]

ADMINISTRATOR = "oneadmin"
USERS = {ADMINISTRATOR: 0, "ci": 2, "mallory": 3, "maria": 4}


@dataclass
class Thing:
    """Something with a name that is its owner's alone."""

    name: str
    owner: str = ADMINISTRATOR

    @property
    def uid(self) -> int:
        return USERS[self.owner]

    @property
    def gid(self) -> int:
        return 0 if self.owner == ADMINISTRATOR else 1


@dataclass
class Network(Thing):
    """A virtual network; its own security groups count at each interface in it."""

    prefix: str = "10.0.0."
    leases: int = 200
    state: int = 1  # READY
    security_groups: str = "0"


@dataclass
class Image(Thing):
    """An image in a datastore; size in MiB."""

    size: int = 2048
    persistent: bool = False
    state: int = 1  # READY
    type: int = 0  # OS
    users: set[int] = field(default_factory=set)
    attributes: Attributes = field(default_factory=dict)
    ready_at: float = 0.0

    def acquire(self, machine: int) -> None:
        self.users.add(machine)

    @property
    def seen_state(self) -> int:
        """Return READY, USED or USED_PERS, unless the image is in another state, or LOCKED in the making."""
        if time.monotonic() < self.ready_at:
            return 4
        if self.state != 1 or not self.users:
            return self.state
        return 8 if self.persistent else 2


@dataclass
class Template(Thing):
    """A template of machines, which the user fills up and overrides when he instantiates it."""

    attributes: Attributes = field(default_factory=dict)


@dataclass
class Group(Thing):
    """A security group, with its lists of the machines that use it.

    It takes `step` seconds until machines have changed rules. `kept` are those that no list lets go of any more.
    """

    attributes: Attributes = field(default_factory=dict)
    updated: set[int] = field(default_factory=set)
    outdated: set[int] = field(default_factory=set)
    updating: set[int] = field(default_factory=set)
    error: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    step: float = 0.0
    changed: float = 0.0

    @property
    def machines(self) -> set[int]:
        return self.updated | self.outdated | self.updating | self.error

    def release(self, machine: int) -> None:
        for members in (self.updated, self.updating, self.error, self.outdated):
            members -= {machine} - self.kept

    def outdate(self, told: set[int], ending: set[int], machines: set[int]) -> None:
        """Put MACHINES into the list of the outdated, or where they stay: those not TOLD, and those ENDING."""
        self.changed = time.monotonic()
        self.updated -= machines
        self.kept |= ending
        self.updating = set(self.kept)
        self.error = (self.error - machines) | (machines - told - ending)
        self.outdated = (self.outdated | (machines & told)) - ending

    def spread(self) -> None:
        if time.monotonic() - self.changed >= self.step:
            self.updated |= self.outdated
            self.outdated = set()
