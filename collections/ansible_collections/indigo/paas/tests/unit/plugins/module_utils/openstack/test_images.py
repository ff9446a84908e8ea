# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.brokering import match_image
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import WantedImage
from ansible_collections.indigo.paas.plugins.module_utils.openstack import images

GIB = 1024**3


def image(id="1", name="Debian 12", created="2026-01-01", **more):
    properties = {
        "os_distro": None,
        "os_version": None,
        "os_type": None,
        "architecture": None,
        "min_disk": 0,
        "virtual_size": None,
        "size": GIB,
        "created_at": created,
        "min_ram": 0,
        "container_format": "bare",
    }
    return SimpleNamespace(id=id, name=name, **{**properties, **more})


def catalogue(*found, configured=None, default=None):
    return images.catalogue([images.read_image(one, configured or {}) for one in found], default)


def described(found, auth_url="https://keystone.cloud.example:5000/v3"):
    return {"images": found, "references": images.references(found, auth_url)}


def test_properties_and_the_sites_own_words_are_read():
    known = image(os_distro="Debian", os_version="12", architecture="x86_64", virtual_size=3 * GIB + 1)
    found = images.read_image(known, {"1": {"image": "1", "codename": "bookworm", "version": 12, "name": "deb"}})
    assert (found["name"], found["distribution"], found["version"], found["codename"]) == (
        "deb",
        "debian",
        "12",
        "bookworm",
    )
    assert (found["type"], found["disk"]) == ("linux", 4)


def test_a_vague_question_gets_the_default_then_a_known_distribution_then_the_newest():
    old = image("1", "old", "2025", os_distro="debian")
    new = image("2", "new", "2026", os_distro="debian")
    unknown = image("3", "unknown", "2027")
    assert [one["name"] for one in catalogue(old, unknown, new)] == ["new", "old", "unknown"]
    assert [one["name"] for one in catalogue(old, unknown, new, default="3")] == ["unknown", "new", "old"]
    assert match_image(described(catalogue(old, new)), WantedImage(distribution="Debian"))["name"] == "new"


@pytest.mark.parametrize("reference", ["1", "ost://keystone.cloud.example/1", "ost://keystone.cloud.example/Debian 12"])
def test_references_lead_to_the_image(reference):
    found = catalogue(image("2", "other"), image())
    assert images.image_id(found, match_image(described(found), WantedImage(reference))) == "1"


def test_a_reference_to_another_cloud_is_none_of_ours():
    assert match_image(described(catalogue(image())), WantedImage("ost://elsewhere.example/1")) is None


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("x", "must be a dictionary with image"),
        ({"image": "x", "versoin": "1"}, "unknown key 'versoin'. Did you mean 'version'"),
    ],
)
def test_a_wrong_description_of_images_is_refused(entry, problem):
    with pytest.raises(SiteError, match=problem):
        images.read_configured("cloud", [entry])


def test_kernels_and_ramdisks_are_no_images_for_servers():
    assert images.boots(image())
    assert images.boots(image(container_format=None))
    assert not images.boots(image(container_format="aki"))
    assert not images.boots(image(container_format="ari"))


def test_the_least_memory_is_read():
    assert images.read_image(image(min_ram=512), {})["memory"] == 512 * 1024**2
