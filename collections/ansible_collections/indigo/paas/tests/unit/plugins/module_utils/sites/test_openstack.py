# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodes of OpenStack start from where there is a prepared image, and where none can be made."""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.flavors import GIB
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import WantedImage
from ansible_collections.indigo.paas.plugins.module_utils.openstack.prepared import to_properties
from ansible_collections.indigo.paas.plugins.module_utils.openstack.servers import Blueprint
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import labels, new_image
from ansible_collections.indigo.paas.plugins.module_utils.prepared.keeper import Base
from ansible_collections.indigo.paas.plugins.module_utils.sites.openstack import OpenStackSite

SERVICES = {"own.lab.x": "1-2"}
IMAGE = new_image("debian-13", SERVICES, "id-main", datetime.datetime.now(datetime.UTC))


def site(**options: Any) -> OpenStackSite:
    """Return a site whose project has one prepared image, made of a machine with a disk of 20 GiB."""
    found = SimpleNamespace(id="id-prepared", size=1, min_disk=20, properties=to_properties(labels(IMAGE)))
    opened = OpenStackSite("cloud", options)
    opened._opened = cast(Any, SimpleNamespace(own_images=lambda: [found]))
    return opened


def blueprint(disk: int, root_volume: int = 0) -> Blueprint:
    return Blueprint(cast(Any, {"disk": disk * GIB}), "id-main", root_volume=root_volume)


@pytest.mark.parametrize(
    ("wanted", "image", "said"),
    [
        (blueprint(20), "id-prepared", f"from the prepared image {IMAGE.name}"),
        (blueprint(0, root_volume=30), "id-prepared", f"from the prepared image {IMAGE.name}"),
        (blueprint(10), "id-main", "needs a disk of 20 GiB, it has 10"),
    ],
)
def test_a_node_starts_from_an_image_that_fits_on_its_disk(
    monkeypatch: pytest.MonkeyPatch, wanted: Blueprint, image: str, said: str
) -> None:
    opened = site()
    monkeypatch.setattr(opened, "image_base", lambda _image: Base("id-main", "debian-13"))
    opened.services = {"wn": SERVICES}
    lines: list[str] = []
    made = opened._on_prepared({"wn": wanted}, {"wn": WantedImage()}, lines.append)
    assert made["wn"].image == image
    assert said in lines[-1]


def test_no_image_is_made_of_a_disk_that_is_a_volume() -> None:
    assert site().obstacle() is None
    opened = site(boot_from_volume=True)
    assert "site_boot_from_volume" in str(opened.obstacle())
    assert not opened.lacks_images({"wn": (WantedImage(), SERVICES)})
