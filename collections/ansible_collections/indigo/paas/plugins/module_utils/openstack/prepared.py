# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepared images as images of the image service: how they are marked, and how one is made of a server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.openstack import api
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import (
    PREPARED,
    PreparedImage,
    from_labels,
    labels,
)

LONGEST_VALUE = 255  # that the compute service takes for a property of an image
ACTIVE = "active"
UNFINISHED = ("queued", "saving", "importing", "uploading")
INTERVAL = 2.0  # seconds between looks at an image in the making


def to_properties(found: Mapping[str, str]) -> dict[str, str]:
    """Return labels as properties of an image: a value that is too long goes on in NAME.1, NAME.2 and so on."""
    return {
        f"{name}.{start // LONGEST_VALUE}" if start else name: value[start : start + LONGEST_VALUE]
        for name, value in found.items()
        for start in range(0, max(len(value), 1), LONGEST_VALUE)
    }


def from_properties(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels that the properties of an image hold: see `to_properties`."""
    values = {name: value for name, value in found.items() if isinstance(value, str)}
    return {name: value + "".join(_rest(name, values)) for name, value in values.items()}


def _rest(name: str, values: Mapping[str, str]) -> Iterator[str]:
    number = 1
    while f"{name}.{number}" in values:
        yield values[f"{name}.{number}"]
        number += 1


def is_prepared(image: Any) -> bool:
    """Return whether the SDK's IMAGE says that it is a prepared one, of whatever project."""
    return PREPARED in (image.properties or {})


def read(image: Any) -> PreparedImage | None:
    """Return the prepared image that the SDK's IMAGE is; None where it is none."""
    return from_labels(from_properties(image.properties or {}), image.id, image.size)


def make(
    project: api.Project,
    server: str,
    image: PreparedImage,
    patience: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Make IMAGE of the disk of the SERVER of this id, which stands still, and return when it is there.

    patience   for how many seconds nothing may happen to it

    Raises SiteError, with nothing left of the image.
    """
    made = project.create_image(server, image.name, to_properties(labels(image)))
    began, seen = clock(), None
    while True:
        found = project.image(made)
        state = found.status if found else "gone"
        if state == ACTIVE:
            return
        if state != seen:
            began, seen = clock(), state
        if state not in UNFINISHED or clock() - began > patience:
            break
        sleep(INTERVAL)
    project.delete_image(made)
    stays = state in UNFINISHED
    raise SiteError(
        f"The image {image.name} was not made: it {'stays' if stays else 'is'} {state}",
        hint="Try again later, or raise site_build_timeout." if stays else None,
    )
