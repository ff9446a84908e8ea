# SPDX-License-Identifier: Apache-2.0
"""The groups into which playbooks put nodes are known wherever groups are named."""

from __future__ import annotations

import pathlib
import re

import yaml

from ansible_collections.indigo.paas.plugins.module_utils.tosca.naming import RESERVED_GROUPS
from ansible_collections.indigo.paas.plugins.plugin_utils.inventory_groups import OF_NODES

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted((ROOT / "collections/ansible_collections/indigo/paas/playbooks").glob("*.yml"))


def groups_of_nodes() -> set[str]:
    """Return the names of the collection's own that the plays of the playbooks run on."""
    hosts = [play["hosts"] for file in PLAYBOOKS for play in yaml.safe_load(file.read_text()) if "hosts" in play]
    return {name for pattern in hosts for name in re.split("[:,&!]+", pattern) if name.startswith("paas_")}


def test_no_node_template_gets_the_name_of_a_group_of_the_playbooks() -> None:
    assert groups_of_nodes() == set(OF_NODES)
    assert groups_of_nodes() < RESERVED_GROUPS


def test_the_inventory_of_awx_knows_the_groups_of_the_playbooks() -> None:
    inventory = yaml.safe_load((ROOT / "awx/project/inventory/sites.yml").read_text())
    assert groups_of_nodes() == set(inventory) - {"paas_sites"}
