# SPDX-License-Identifier: Apache-2.0
"""The page of each type of site names all its options, and the example inventory uses none that there is not."""

from __future__ import annotations

import re

import pytest
import yaml

from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site, site_types
from ansible_collections.indigo.paas.plugins.module_utils.sites.docker import DockerSite
from ansible_collections.indigo.paas.plugins.module_utils.sites.opennebula import OpennebulaSite
from ansible_collections.indigo.paas.plugins.module_utils.sites.openstack import OpenStackSite
from ansible_collections.indigo.paas.plugins.module_utils.sites.static import StaticSite
from ansible_collections.indigo.paas.plugins.plugin_utils.sites import site_options

SITES = pytest.mark.parametrize("site", [DockerSite, OpenStackSite], ids=lambda site: site.type)


PAGES = {DockerSite: "docker", OpenStackSite: "openstack", OpennebulaSite: "opennebula", StaticSite: "existing-hosts"}


def test_each_type_of_site_has_a_page():
    assert sorted(site.type for site in PAGES) == site_types()


@pytest.mark.parametrize("site", PAGES, ids=lambda site: site.type)
def test_the_page_of_a_site_names_each_option(root, site):
    lines = (root / "docs" / f"{PAGES[site]}.md").read_text().splitlines()
    rows = [line.split("|")[1] for line in lines if line.startswith("| `site_")]
    assert set(re.findall(r"`site_(\w+)`", " ".join(rows))) == set(site.OPTIONS)


@SITES
def test_the_example_of_a_cloud_opens(root, site):
    text = (root / "inventories" / "example" / f"{site.type}.yml").read_text()
    commented = re.findall(r"# site_(\w+):", text)
    hosts = yaml.safe_load(text)["paas_sites"]["hosts"]
    for name, variables in hosts.items():
        assert open_site(name, site_options(variables)).type == site.type
    assert set(commented) <= set(site.OPTIONS)
