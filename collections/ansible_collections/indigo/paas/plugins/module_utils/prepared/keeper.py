# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site that keeps prepared images: what it has to be able to do, and which of them its nodes start from."""

from __future__ import annotations

import abc
import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import WantedImage
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import (
    Choice,
    PreparedImage,
    Services,
    choose,
    unused,
)
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Node, Option, Progress, Site

OPTIONS = {
    "prepare": Option(
        bool,
        False,
        "Whether images are prepared after a first deployment here whose nodes could have started from them.",
    ),
    "prepared_days": Option(
        float, 30.0, "How many days old a prepared image may be; an older one is not used, and removed with the next."
    ),
}


class Base(NamedTuple):
    """What a node starts from without a prepared image: the site's own name of it, and its distribution."""

    name: str
    distribution: str


class ImageKeeper(Site):
    """A site that keeps prepared images.

    services   what the nodes of each group are to have, by safe group name: set before nodes are made
    """

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        super().__init__(name, options)
        self.services: Mapping[str, Services] = {}

    @abc.abstractmethod
    def prepared_images(self) -> list[PreparedImage]:
        """Return the prepared images, found by their labels. Raises SiteError."""

    @abc.abstractmethod
    def image_base(self, image: WantedImage) -> Base:
        """Return what a node starts from that asks for IMAGE. Raises SiteError."""

    def obstacle(self) -> str | None:
        """Return why no image can be made here, as the end of a sentence; None where one can."""
        return None

    @abc.abstractmethod
    def keep_image(self, node: Node, image: PreparedImage) -> None:
        """Make IMAGE of the disk of NODE, which is sealed (see `seal.py`), with its labels. Raises SiteError."""

    @abc.abstractmethod
    def images_in_use(self) -> dict[str, int]:
        """Return how many machines run from each image, by its id. Raises SiteError."""

    @abc.abstractmethod
    def _delete_image(self, image: PreparedImage) -> None:
        """Delete IMAGE; one that is gone already is success. Raises SiteError."""

    def delete_image(self, name: str) -> list[PreparedImage]:
        """Delete the prepared images NAME, and return them. Raises SiteError where none is, or machines run from it."""
        images = self.prepared_images()
        found = [image for image in images if image.name == name]
        if not found:
            hint = did_you_mean(name, [image.name for image in images], what="prepared images")
            raise SiteError(f"Site '{self.name}' has no prepared image '{name}'", hint=hint, bad_input=True)
        in_use = self.images_in_use()
        running = sum(in_use.get(str(image.id), 0) for image in found)
        if running:
            raise SiteError(
                f"Machines of site '{self.name}' run from {name}: {running}",
                hint="Destroy their deployments first. No new node starts from an image that is too old.",
                bad_input=True,
            )
        for image in found:
            self._delete_image(image)
        return found

    def remove_unused_images(self) -> list[PreparedImage]:
        """Delete the prepared images that are too old or replaced, and that no machine runs from; return them."""
        going = unused(self.prepared_images(), self.images_in_use(), _now(), self.options["prepared_days"])
        for image in going:
            self._delete_image(image)
        return going

    def choose_images(self, requests: Mapping[str, tuple[WantedImage, Services]]) -> dict[str, Choice]:
        """Return what each group starts from, by its name: REQUESTS has the image that it asks for, and its services.

        The site is asked once for its images, and once for each image that is asked for.
        """
        known = self.prepared_images() if any(services for _image, services in requests.values()) else []
        bases = {image: self.image_base(image).name for image, services in requests.values() if services}
        now, days = _now(), self.options["prepared_days"]
        return {
            group: choose(known, bases.get(image, ""), services, now, days)
            for group, (image, services) in requests.items()
        }

    def lacks_images(self, requests: Mapping[str, tuple[WantedImage, Services]]) -> bool:
        """Return whether some groups, with REQUESTS as of `choose_images`, could start from more than they do.

        None could where no image can be made.
        """
        if self.obstacle():
            return False
        asked = {group: request for group, request in requests.items() if request[1]}
        choices = self.choose_images(asked)
        return any(
            choice.image is None or len(choice.image.services) < len(asked[group][1])
            for group, choice in choices.items()
        )

    def starting_images(self, requests: Mapping[str, WantedImage], say: Progress) -> dict[str, PreparedImage]:
        """Return the prepared image of each group that starts from one, by safe name, and SAY what each starts from.

        requests   the image that each group asks for, by safe name
        """
        if not self.services:
            return {}
        choices = self.choose_images(
            {group: (asked, self.services.get(group, {})) for group, asked in requests.items()}
        )
        for text in choice_lines(choices):
            say(text)
        return {group: choice.image for group, choice in choices.items() if choice.image}


def choice_lines(choices: Mapping[str, Choice]) -> list[str]:
    """Return a line for people for each of CHOICES (by group), groups that start alike together."""
    alike: dict[tuple[str | None, str], list[str]] = {}
    for group, choice in choices.items():
        alike.setdefault((choice.image.name if choice.image else None, choice.reason), []).append(group)
    return [
        f"{', '.join(groups)}: from {f'the prepared image {name}' if name else 'the plain image'}: {reason}"
        for (name, reason), groups in alike.items()
    ]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
