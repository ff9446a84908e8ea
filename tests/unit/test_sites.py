# SPDX-License-Identifier: Apache-2.0
"""The sites of an inventory, with what their groups say."""

from __future__ import annotations

from indigo_paas import sites

INVENTORY = """
paas_sites:
  vars:
    site_priority: 2
    site_ranking: {weights: {cost: 3}}
  hosts:
    a: {site_type: docker}
    b: {site_type: docker, site_priority: 5}
"""


def test_variables_of_the_group_are_those_of_its_sites(tmp_path):
    (tmp_path / "sites.yml").write_text(INVENTORY)
    ranking = {"weights": {"cost": 3}}
    assert sites.Reading(tmp_path / "sites.yml").result() == {
        "a": {"type": "docker", "priority": 2, "ranking": ranking},
        "b": {"type": "docker", "priority": 5, "ranking": ranking},
    }


def test_variables_in_files_beside_the_inventory_count(tmp_path):
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/paas_sites.yml").write_text("site_location: here\n")
    (tmp_path / "sites.yml").write_text("paas_sites: {hosts: {a: {site_type: docker}}}\n")
    assert sites.Reading(tmp_path / "sites.yml").result() == {"a": {"type": "docker", "location": "here"}}


FARM = """
paas_sites:
  hosts:
    farm: {site_type: static, site_hosts_group: machines}
machines:
  vars: {ansible_user: admin, node_memory: 8 GB}
  hosts:
    one: {ansible_host: 192.0.2.1, node_cpus: "{{ 2 + 2 }}", secret: "{{ nobody }}"}
    two: {ansible_connection: local}
"""


def test_a_group_of_the_inventory_gives_a_site_its_hosts(tmp_path):
    (tmp_path / "sites.yml").write_text(FARM)
    farm = sites.Reading(tmp_path / "sites.yml").result()["farm"]
    assert farm["hosts"] == [
        {"name": "one", "address": "192.0.2.1", "user": "admin", "cpus": 4, "memory": "8 GB"},
        {"name": "two", "address": "two", "user": "admin", "connection": "local", "memory": "8 GB"},
    ]
