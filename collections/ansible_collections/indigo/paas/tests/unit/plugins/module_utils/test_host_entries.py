# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.indigo.paas.plugins.module_utils.host_entries import host_entry, with_hosts
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site


def test_the_way_to_a_host_is_ansibles():
    variables = {
        "ansible_host": "192.0.2.1",
        "ansible_port": 2222,
        "ansible_user": "admin",
        "ansible_ssh_private_key_file": "/keys/farm",
        "ansible_python_interpreter": "/usr/bin/python3.11",
        "node_cpus": 8,
        "node_memory": "16 GB",
        "other": 1,
    }
    assert host_entry("one", variables) == {
        "name": "one",
        "address": "192.0.2.1",
        "port": 2222,
        "user": "admin",
        "key": "/keys/farm",
        "python": "/usr/bin/python3.11",
        "cpus": 8,
        "memory": "16 GB",
    }


def test_a_host_may_be_known_by_its_name_alone():
    auto = {"ansible_python_interpreter": "auto_silent", "ansible_connection": "ssh"}
    assert host_entry("one.example.org", auto) == {"name": "one.example.org", "address": "one.example.org"}


def test_this_machine_is_reached_without_ssh():
    assert host_entry("localhost", {"ansible_connection": "local"})["connection"] == "local"


def test_the_hosts_of_a_group_are_hosts_of_the_site():
    groups = {"farm": [("one", {"node_cpus": 2}), ("two", {})]}
    options = with_hosts({"type": "static", "hosts_group": "farm", "hosts": [{"address": "three"}]}, groups.get)
    assert [host["address"] for host in options["hosts"]] == ["three", "one", "two"]
    open_site("farm", options)


def test_a_site_without_a_group_stays_as_it_is():
    assert with_hosts({"type": "docker"}, {}.get) == {"type": "docker"}
