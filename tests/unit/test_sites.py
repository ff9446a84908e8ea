# SPDX-License-Identifier: Apache-2.0
"""The sites of an inventory, with what their groups say."""

from __future__ import annotations

import json
import subprocess

import pytest

from indigo_paas import runner
from indigo_paas.engine import sites
from indigo_paas.ground import paths

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


EXAMPLES = paths.embedded_sites().parent / "example"
PLAIN = """
paas_sites:
  vars: {site_a: {b: [1, 2.5, null, yes, "x"]}, site_name: "007", site_empty: ""}
  hosts:
    one: {site_type: docker, site_c: {d: {e: 0x10}}, site_name: 1_000}
    two.example.org:
"""


def by_ansible(source):
    """Return the variables of each host as ansible-inventory gives them, and the hosts in their order."""
    command = ["ansible-inventory", "-i", str(source), "--list"]
    listing = json.loads(subprocess.run(command, env=runner.own(), capture_output=True, check=True).stdout)
    known = listing["_meta"]["hostvars"]
    # Ansible gives each host an empty fact of its own.
    told = {name: {key: known[name][key] for key in known[name] if key != "ansible_local"} for name in known}
    return told, sites.hosts_of(listing, "all")


def test_what_is_read_without_ansible_is_what_ansible_says(tmp_path):
    (tmp_path / "sites.yml").write_text(PLAIN)
    for source in (tmp_path / "sites.yml", paths.embedded_sites(), *sorted(EXAMPLES.glob("*.yml"))):
        listing = sites.plain_listing(source)
        assert listing, source
        told = listing["_meta"]["hostvars"], sites.hosts_of(listing, "all")
        assert told == by_ansible(source), source
        assert sites.hosts_of(listing, sites.GROUP) == sites.hosts_of(listing, "all")


def test_a_plain_inventory_starts_no_process(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    assert list(sites.Reading(paths.embedded_sites()).result()) == ["local"]


@pytest.mark.parametrize(
    "text",
    [
        "paas_sites: {hosts: {a: {site_type: '{{ lookup(1) }}'}}}",
        "paas_sites: {hosts: {a: {'{% x %}': 1}}}",
        "paas_sites: {hosts: {a: {site_day: 2026-01-01}}}",
        "paas_sites: {hosts: {a: {site_key: !vault x}}}",
        "paas_sites: {hosts: {'a[1:3]': {}}}",
        "paas_sites: {hosts: {'a:22': {}}}",
        "paas_sites: {hosts: {1: {}}}",
        "paas_sites: {hosts: {a: {1: 2}}}",
        "paas_sites: {hosts: [a]}",
        "paas_sites: {children: {more: {}}}",
        "paas_sites: {hosts: {a: {site_x: {b: 1}}}, vars: {site_x: {c: 1}}}",
        "paas_sites: {hosts: {a: {}}}\nmore: {}",
        "all: {children: {paas_sites: {hosts: {a: {}}}}}",
        "plugin: indigo.paas.deployment",
        "paas_sites: {hosts: {a: &a {site_x: *a}}}",
        "paas_sites: {hosts: {a: {site_x: " + "[" * 100 + "]" * 100 + "}}}",
        "[",
        "",
    ],
)
def test_what_only_ansible_can_tell_is_left_to_it(tmp_path, text):
    (tmp_path / "sites.yml").write_text(text)
    assert sites.plain_listing(tmp_path / "sites.yml") is None


def test_what_lies_beside_it_counts(tmp_path):
    text = "paas_sites: {hosts: {a: {site_type: docker}}}"
    (tmp_path / "sites.yml").write_text(text)
    assert sites.plain_listing(tmp_path) is not None
    (tmp_path / "host_vars").mkdir()
    assert sites.plain_listing(tmp_path) is None
    assert sites.plain_listing(tmp_path / "sites.yml") is None


def test_a_script_and_another_form_are_left_to_ansible(tmp_path):
    text = "paas_sites: {hosts: {a: {site_type: docker}}}"
    (tmp_path / "sites.json").write_text(text)
    (tmp_path / "sites.yml").write_text(text)
    (tmp_path / "sites.yml").chmod(0o755)
    assert sites.plain_listing(tmp_path / "sites.json") is None
    assert sites.plain_listing(tmp_path / "sites.yml") is None
