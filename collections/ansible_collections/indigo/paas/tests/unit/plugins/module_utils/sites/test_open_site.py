# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys

import pytest

from ansible_collections.indigo.paas.plugins.module_utils import sites
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError

NEW_CLOUD = """
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Option, Site


class Cloud(Site):
    type = "{name}"
    OPTIONS = {{"zone": Option(str, "a", "A zone.")}}

    def describe(self):
        return self.description(location=self.options["zone"])

    def list_nodes(self, deployment):
        return []

    def begin(self, order):
        raise NotImplementedError

    def delete_nodes(self, deployment, *, dry_run=False):
        return []
"""


@pytest.fixture
def new_cloud(tmp_path, monkeypatch):
    """The type of a site that exists for one test."""
    name = "cloud_of_the_test"
    (tmp_path / f"{name}.py").write_text(NEW_CLOUD.format(name=name))
    monkeypatch.setattr(sites, "__path__", [*sites.__path__, str(tmp_path)])
    yield name
    sys.modules.pop(f"{sites.__name__}.{name}", None)


def test_a_new_cloud_is_one_file(new_cloud):
    assert new_cloud in sites.site_types()
    site = sites.open_site("here", {"type": new_cloud, "zone": "b"})
    assert site.describe()["location"] == "b"
    assert site.describe()["type"] == new_cloud


def test_the_local_engine_is_a_type_of_site():
    assert "docker" in sites.site_types()
    assert "base" not in sites.site_types()


def test_an_unknown_type_is_named_with_the_nearest():
    with pytest.raises(SiteError, match="unknown type 'dokcer'. Did you mean 'docker'") as caught:
        sites.open_site("here", {"type": "dokcer"})
    assert caught.value.bad_input


@pytest.mark.parametrize("kind", ["base", "../docker", "os", "docker.x"])
def test_only_types_of_sites_are_opened(kind):
    with pytest.raises(SiteError, match="unknown type"):
        sites.open_site("here", {"type": kind})


def test_a_site_without_a_type_is_refused():
    with pytest.raises(SiteError, match="Site 'here' has no type. Set its host variable site_type"):
        sites.open_site("here", {})


def test_sites_are_described_with_the_time_that_they_took(new_cloud):
    (described,) = sites.describe_sites({"x": {"type": new_cloud}})
    assert described["seconds"] >= 0
    assert (described["agreements"], described["services"], described["machines"]) == ([], [], None)


def test_what_is_missing_at_a_site_without_capacity_or_images(new_cloud):
    assert sites.open_site("x", {"type": new_cloud}).missing() == [
        "It can make no nodes: cpus is 0.",
        "It can make no nodes: memory is 0.",
        "It can make no nodes: nodes is 0.",
        "It has no image that nodes could be made of.",
    ]
