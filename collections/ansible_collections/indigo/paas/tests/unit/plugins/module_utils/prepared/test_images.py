# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.prepared import images
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import PreparedImage

NOW = datetime.datetime(2026, 12, 1, 12, tzinfo=datetime.UTC)
BASE = "indigo-paas/node:debian-13-0123456789ab"
CONDOR = {"indigo.paas.htcondor": "aaaaaaaaaaaa-11111111"}
BOTH = {**CONDOR, "indigo.paas.squid": "bbbbbbbbbbbb-22222222"}


def image(services=None, base=BASE, days=1.0, name=None, identity="sha256:1"):
    made = (NOW - datetime.timedelta(days=days)).isoformat()
    services = CONDOR if services is None else services
    return PreparedImage(
        name or images.image_name("debian-13", services, base), services, base, "debian-13", made, identity
    )


def chosen(found, wanted=None, max_age=30):
    return images.choose(found, BASE, CONDOR if wanted is None else wanted, NOW, max_age)


def test_an_image_with_what_is_wanted_is_taken():
    choice = chosen([image(days=2)])
    assert choice.image == image(days=2)
    assert choice.reason == "it has htcondor, made 2 days ago"


def test_the_one_with_most_services_then_the_youngest():
    old, young = image(days=3), image(days=2, identity="sha256:2")
    assert chosen([old, young]).image == young
    assert chosen([image(BOTH, days=9), young], BOTH).image == image(BOTH, days=9)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (image(BOTH), "has squid too"),
        (image({"indigo.paas.htcondor": "cccccccccccc-11111111"}), "has an older htcondor: the role has changed since"),
        (image({"indigo.paas.htcondor": "aaaaaaaaaaaa-33333333"}), "has htcondor with other arguments"),
        (image(base="other"), "was made from another image, other"),
        (image(days=40), "is 40 days old, more than 30"),
    ],
)
def test_what_does_not_fit_is_not_taken_and_it_is_said_why(found, reason):
    assert chosen([found]) == images.Choice(None)
    assert chosen([found]).reason == f"{found.name} {reason}"


def test_an_image_of_the_age_that_is_allowed_is_taken():
    assert chosen([image(days=30)]).image


def test_nothing_that_could_be_prepared_and_nothing_prepared():
    assert chosen([image()], {}).reason == "none of its services can be prepared"
    assert chosen([]).reason == "there is no prepared image with htcondor"
    assert chosen([image({"indigo.paas.squid": "x-y"})]).reason == "there is no prepared image with htcondor"


def test_labels_tell_all_of_an_image():
    assert images.from_labels(images.labels(image()), "sha256:1") == image()


@pytest.mark.parametrize(
    "change",
    [{images.SERVICES: "[]"}, {images.SERVICES: "{"}, {images.MADE: "today"}, {images.MADE: "2026-12-01T00:00:00"}],
)
def test_labels_that_tell_of_no_image(change):
    assert images.from_labels({**images.labels(image()), **change}, "sha256:1") is None
    assert images.from_labels({}, "sha256:1") is None


def test_what_can_go():
    old, replaced, young = image(days=31, identity="old"), image(days=5, identity="replaced"), image(identity="young")
    assert images.unused([old, replaced, young], set(), NOW, 30) == [old, replaced]
    assert images.unused([old, replaced, young], {"old", "replaced"}, NOW, 30) == []


def test_a_name_says_what_is_in_it_and_changes_with_it():
    name = images.image_name("debian-13", BOTH, BASE)
    assert name.startswith("debian-13-htcondor-squid-")
    assert name == images.image_name("debian-13", dict(reversed(BOTH.items())), BASE)
    assert name != images.image_name("debian-13", BOTH, "other")


def test_a_digest_of_a_service_is_that_of_its_role_and_of_its_arguments():
    assert images.service_digest("aaaa", {"a": 1, "b": 2}) == images.service_digest("aaaa", {"b": 2, "a": 1})
    assert images.service_digest("aaaa", {"a": 1}) != images.service_digest("aaaa", {"a": 2})
