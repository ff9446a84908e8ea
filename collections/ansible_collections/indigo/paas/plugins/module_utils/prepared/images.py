# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A prepared image, and which one a node group starts from. Pure."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

PREPARED = "indigo.paas.prepared"
SERVICES = "indigo.paas.services"
BASE = "indigo.paas.base"
DISTRIBUTION = "indigo.paas.distribution"
MADE = "indigo.paas.made"

Services = Mapping[str, str]


@dataclass(frozen=True)
class PreparedImage:
    """An image in which services are installed.

    name          how people call it
    services      digest of what each role's `install` depends on, by the role's full name: see `service_digest`
    base          what it was made from: the site's own name of that image, which changes with its content
    distribution  such as "debian-13"
    made          when, in UTC, as ISO 8601
    id            how the site finds it; None before it is there
    size          bytes that it takes; None where the site does not say
    """

    name: str
    services: Services
    base: str
    distribution: str
    made: str
    id: str | None = None
    size: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the image as plain data."""
        return {**asdict(self), "services": dict(self.services)}

    def age(self, now: datetime.datetime) -> float:
        """Return how many days old it is."""
        return (now - datetime.datetime.fromisoformat(self.made)).total_seconds() / 86400


@dataclass(frozen=True)
class Choice:
    """What a group starts from: a prepared image, or None for the plain one; and why, as the end of a sentence."""

    image: PreparedImage | None
    reason: str = field(compare=False, default="")


def service_digest(role: str, arguments: Mapping[str, Any]) -> str:
    """Return the digest of a service: that of its ROLE's content, and that of the ARGUMENTS of its `install`."""
    told = json.dumps(arguments, sort_keys=True, default=str)
    return f"{role}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def image_name(distribution: str, services: Services, base: str) -> str:
    """Return the name of the image of SERVICES on BASE: the same for the same content."""
    content = json.dumps([base, dict(services)], sort_keys=True)
    short = "-".join(sorted(_short(role) for role in services))[:40]
    return f"{distribution}-{short}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def new_image(distribution: str, services: Services, base: str, now: datetime.datetime) -> PreparedImage:
    """Return the image of SERVICES on BASE that is to be made NOW."""
    made = now.isoformat(timespec="seconds")
    return PreparedImage(image_name(distribution, services, base), dict(services), base, distribution, made)


def labels(image: PreparedImage) -> dict[str, str]:
    """Return the labels that say at a site what IMAGE is."""
    return {
        PREPARED: image.name,
        SERVICES: json.dumps(dict(image.services), sort_keys=True),
        BASE: image.base,
        DISTRIBUTION: image.distribution,
        MADE: image.made,
    }


def from_labels(found: Mapping[str, str], identity: str, size: int | None = None) -> PreparedImage | None:
    """Return the image that its labels, which a site FOUND, tell of; None where they tell of none."""
    try:
        services = json.loads(found[SERVICES])
        datetime.datetime.fromisoformat(found[MADE]).utctimetuple()
        if datetime.datetime.fromisoformat(found[MADE]).tzinfo is None or not isinstance(services, dict):
            return None
        return PreparedImage(found[PREPARED], services, found[BASE], found[DISTRIBUTION], found[MADE], identity, size)
    except (KeyError, ValueError):
        return None


def choose(
    images: Iterable[PreparedImage], base: str, wanted: Services, now: datetime.datetime, max_age: float
) -> Choice:
    """Return what a node of the image BASE starts from that is to have the services WANTED.

    An image is used where it was made from BASE, is at most MAX_AGE days old, and has nothing but services that are
    wanted, with what their roles are now. Of several, the one with the most services, then the youngest.
    """
    if not wanted:
        return Choice(None, "none of its services can be prepared")
    refused, fitting = [], []
    for image in images:
        problem = misfit(image, base, wanted, now, max_age)
        if problem is None:
            fitting.append(image)
        elif set(image.services) & set(wanted):
            refused.append(f"{image.name} {problem}")
    if fitting:
        best = max(fitting, key=lambda image: (len(image.services), image.made))
        return Choice(best, f"it has {_names(best.services)}, made {_ago(best.age(now))}")
    return Choice(None, "; ".join(sorted(refused)) or f"there is no prepared image with {_names(wanted)}")


def misfit(image: PreparedImage, base: str, wanted: Services, now: datetime.datetime, max_age: float) -> str | None:
    """Return why IMAGE is not used (see `choose`), as what is said of it; None where it is."""
    others = sorted(set(image.services) - set(wanted))
    if others:
        return f"has {_names(others)} too"
    for role, digest in sorted(image.services.items()):
        if digest.partition("-")[0] != wanted[role].partition("-")[0]:
            return f"has an older {_short(role)}: the role has changed since"
        if digest != wanted[role]:
            return f"has {_short(role)} with other arguments"
    if image.base != base:
        return f"was made from another image, {image.base}"
    return too_old(image, now, max_age)


def outdated(
    image: PreparedImage, content_of: Callable[[str], str | None], now: datetime.datetime, max_age: float
) -> str | None:
    """Return why no node starts from IMAGE any more, as what is said of it; None where one may.

    content_of   gives the digest of what a role is now, None for one that is not there
    """
    for role, digest in sorted(image.services.items()):
        content = content_of(role)
        if digest.partition("-")[0] != content:
            return f"has {_short(role)}, whose role {'has changed since' if content else 'is not here'}"
    return too_old(image, now, max_age)


def too_old(image: PreparedImage, now: datetime.datetime, max_age: float) -> str | None:
    """Return that IMAGE is more than MAX_AGE days old, as what is said of it; None where it is not."""
    age = image.age(now)
    return f"is {age:.0f} days old, more than {max_age:g}" if age > max_age else None


def unused(
    images: Iterable[PreparedImage], in_use: Container[str | None], now: datetime.datetime, max_age: float
) -> list[PreparedImage]:
    """Return which of IMAGES can go: no node runs from them (IN_USE has ids), and they are too old or replaced.

    An image is replaced by a younger one of the same name.
    """
    images = list(images)
    youngest = {image.name: image.made for image in sorted(images, key=lambda image: image.made)}
    return [
        image
        for image in images
        if image.id not in in_use and (too_old(image, now, max_age) or image.made < youngest[image.name])
    ]


def _short(role: str) -> str:
    return role.rpartition(".")[2]


def _names(roles: Iterable[str]) -> str:
    return ", ".join(sorted(map(_short, roles)))


def _ago(days: float) -> str:
    if days < 1:
        return "today"
    return f"{days:.0f} days ago" if days >= 1.5 else "yesterday"
