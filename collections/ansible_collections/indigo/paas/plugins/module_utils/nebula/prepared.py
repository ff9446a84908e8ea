# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepared images as images of a datastore: how they are marked, and how one is made of a machine's first disk."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.nebula import choice, documents
from ansible_collections.indigo.paas.plugins.module_utils.nebula.client import ALL, OWN, Client, Unreachable
from ansible_collections.indigo.paas.plugins.module_utils.prepared import images
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import PreparedImage

# Attributes of images are written in capitals, without dots.
ATTRIBUTES = {
    name: name.upper().replace(".", "_")
    for name in (images.PREPARED, images.SERVICES, images.BASE, images.DISTRIBUTION, images.MADE)
}
ROOT_DISK = 0
MERGE = 1  # of image.update: what is not named stays
UNFINISHED = (0, 4)  # INIT, LOCKED
INTERVAL = 2.0  # seconds between looks at an image in the making


def is_prepared(image: Any) -> bool:
    """Return whether IMAGE says that it is a prepared one, whoever owns it."""
    return ATTRIBUTES[images.PREPARED] in (image.TEMPLATE or {})


def read(image: Any) -> PreparedImage | None:
    """Return the prepared image that IMAGE is; None where it is none, or not ready."""
    said = image.TEMPLATE or {}
    found = {name: str(said[written]) for name, written in ATTRIBUTES.items() if said.get(written)}
    if int(image.STATE) not in choice.READY_IMAGES:
        return None
    return images.from_labels(found, str(image.ID), int(image.SIZE) * documents.MIB)


def image_name(image: PreparedImage) -> str:
    """Return what IMAGE is called at OpenNebula, where an account has one of a name: the time tells them apart."""
    return f"indigo-paas-{image.name}-{re.sub('[^0-9]', '', image.made)[:14]}"


def own(api: Client) -> list[Any]:
    """Return the images that the account itself has, as they are now: no other's, which it may only use."""
    return list(api.ask("imagepool.info", OWN, *ALL).IMAGE)


def make(
    api: Client, machine: int, image: PreparedImage, patience: float, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Make IMAGE of the first disk of MACHINE, which stands still, and return when it is ready.

    patience   seconds that it may take

    Raises SiteError.
    """
    name = image_name(image)
    number = _save(api, machine, name)
    said = {ATTRIBUTES[label]: value for label, value in images.labels(image).items()}
    api.ask("image.update", number, documents.to_xml(said.items()), MERGE)
    waited = 0.0
    while True:
        state = next((int(found.STATE) for found in own(api) if int(found.ID) == number), None)
        if state in choice.READY_IMAGES:
            return
        if state not in UNFINISHED or waited > patience:
            what = "gone" if state is None else f"{choice.IMAGE_STATES.get(state, state)} after {waited:.0f} s"
            api.delete("image.delete", number)
            raise SiteError(
                f"The image {name} was not made: it is {what}",
                hint="Look at the datastore's room, and at the machine's log (onevm show), or raise site_boot_timeout.",
            )
        sleep(INTERVAL)
        waited += INTERVAL


def _save(api: Client, machine: int, name: str) -> int:
    """Ask for an image NAME of the disk of MACHINE and return its id; an answer that is lost is looked for by name."""
    try:
        return int(api.change("vm.disksaveas", machine, ROOT_DISK, name, "", -1))
    except Unreachable as error:
        found = next((image for image in own(api) if name == image.NAME), None)
        if found is None:
            raise SiteError(f"The answer about the image {name} was lost, and it is not there: {error}") from error
        return int(found.ID)
