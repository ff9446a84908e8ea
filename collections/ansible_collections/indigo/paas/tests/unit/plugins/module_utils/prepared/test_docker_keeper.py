# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Docker site keeps images: what it asks of its engine, which is a stand-in here."""

from __future__ import annotations

import datetime

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import WantedImage
from ansible_collections.indigo.paas.plugins.module_utils.prepared import images
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Node

CONDOR = {"indigo.paas.htcondor": "aaaa-1111"}
DEBIAN = WantedImage(distribution="debian", version="13")
INFO = {"NCPU": 2, "MemTotal": 4 * 10**9, "Architecture": "x86_64"}


class Engine:
    """Answers as the engine's client does, and keeps what was committed and removed."""

    def __init__(self):
        self.kept, self.commits, self.removed, self.running = [], [], [], []

    def info(self):
        return INFO

    def images(self, filters=None):
        return self.kept if filters else []

    def containers(self, all=False, filters=None):
        return [] if filters else self.running

    def inspect_container(self, _identity):
        return {"Config": {"Labels": {"indigo.paas.deployment": "image-x", "indigo.paas.host_key": "ssh-ed25519 A"}}}

    def commit(self, container, **how):
        self.commits.append((container, how))

    def remove_image(self, identity):
        self.removed.append(identity)


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def site(engine):
    found = open_site("lab", {"type": "docker"})
    found._client = engine
    return found


def keep(engine, site, services=None, days=0.0, identity="sha256:1", base=None):
    made = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)
    base = base or site.image_base(DEBIAN).name
    image = images.new_image("debian-13", CONDOR if services is None else services, base, made)
    engine.kept.append({"Id": identity, "Size": 5, "Labels": images.labels(image)})
    return image


def test_what_is_committed_says_what_it_is_and_nothing_of_the_machine(engine, site):
    image = images.new_image("debian-13", CONDOR, "base", datetime.datetime.now(datetime.UTC))
    site.keep_image(Node("image-0", "image_0", 0, "f00d"), image)
    ((container, how),) = engine.commits
    assert (container, how["tag"]) == ("f00d", image.name)
    assert 'LABEL "indigo.paas.host_key"=""' in how["changes"]
    assert 'LABEL "indigo.paas.deployment"=""' in how["changes"]
    assert f'LABEL "{images.PREPARED}"="{image.name}"' in how["changes"]


def test_groups_start_from_what_fits_and_are_told_why(engine, site):
    image = keep(engine, site)
    site.services = {"fe": CONDOR, "wn": CONDOR, "other": {}}
    said = []
    found = site.starting_images(
        {"fe": DEBIAN, "wn": DEBIAN, "other": DEBIAN, "old": WantedImage(version="12")}, said.append
    )
    assert {group: chosen.id for group, chosen in found.items()} == {"fe": "sha256:1", "wn": "sha256:1"}
    assert said == [
        f"fe, wn: from the prepared image {image.name}: it has htcondor, made today",
        "other, old: from the plain image: none of its services can be prepared",
    ]


def test_nothing_is_asked_or_said_where_nothing_is_wanted(site):
    site._client = None
    assert site.starting_images({"fe": DEBIAN}, pytest.fail) == {}


def test_the_base_changes_with_the_recipe_of_the_image(engine, site):
    keep(engine, site, base="indigo-paas/node:debian-13-of-old")
    assert site.choose_images({"wn": (DEBIAN, CONDOR)})["wn"].reason.endswith("indigo-paas/node:debian-13-of-old")


def test_the_site_s_option_says_how_old_an_image_may_be(engine):
    site = open_site("lab", {"type": "docker", "prepared_days": 2})
    site._client = engine
    keep(engine, site, days=3)
    assert site.choose_images({"wn": (DEBIAN, CONDOR)})["wn"].reason.endswith("is 3 days old, more than 2")


def test_an_image_in_use_is_not_deleted(engine, site):
    image = keep(engine, site)
    engine.running = [{"ImageID": "sha256:1"}]
    with pytest.raises(SiteError, match=f"Machines of site 'lab' run from {image.name}: 1"):
        site.delete_image(image.name)
    engine.running = []
    assert [gone.name for gone in site.delete_image(image.name)] == [image.name]
    assert engine.removed == ["sha256:1"]
    with pytest.raises(SiteError, match="has no prepared image 'other'"):
        site.delete_image("other")


def test_those_too_old_or_replaced_go_unless_machines_run_from_them(engine, site):
    keep(engine, site, days=40, identity="old")
    keep(engine, site, days=40, identity="busy")
    keep(engine, site, identity="young")
    engine.running = [{"ImageID": "busy"}]
    assert [image.id for image in site.remove_unused_images()] == ["old"]
    assert engine.removed == ["old"]


def test_images_of_others_are_none_of_ours(engine, site):
    engine.kept.append({"Id": "x", "Labels": {images.PREPARED: "x"}})
    engine.kept.append({"Id": "y", "Labels": None})
    assert site.prepared_images() == []


def test_images_are_missing_where_a_group_could_start_from_more(engine, site):
    both = {**CONDOR, "indigo.paas.squid": "bbbb-2222"}
    assert site.lacks_images({"a": (DEBIAN, CONDOR)})
    keep(engine, site)
    assert not site.lacks_images({"a": (DEBIAN, CONDOR), "b": (DEBIAN, {})})
    assert site.lacks_images({"a": (DEBIAN, CONDOR), "b": (DEBIAN, both)})
