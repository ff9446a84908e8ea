# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime

from ansible_collections.indigo.paas.plugins.module_utils.prepared.preparation import Machine, preparations, ready

NOW = datetime.datetime(2026, 12, 1, 12, tzinfo=datetime.UTC)
GROUP = {
    "name": "fe server",
    "group": "fe_server",
    "hostname": "htcondor",
    "count": 7,
    "size": {"cpus": 1, "memory": 10**9, "gpus": 2},
    "image": {"distribution": "debian"},
    "network": {"public": True, "name": None, "dns_name": "htcondor"},
    "networks": [{"name": "lan"}],
    "ports": [{"port": 9618}],
    "volumes": [{"size": 1}],
    "users": [{"name": "ann"}],
    "tags": {"cost": "1"},
}
ROLES = {"indigo.paas.htcondor": {"htcondor_series": "25.0"}}
CONDOR = {"indigo.paas.htcondor": "aaaa-1111"}


def machine(services=None, base="base"):
    return Machine(GROUP, base, "debian-13", ROLES, CONDOR if services is None else services)


def test_groups_with_the_same_services_share_an_image():
    found = preparations([machine(), machine(), machine(base="other"), machine({})], NOW)
    assert [each.image.base for each in found] == ["base", "other"]
    assert [each.group["group"] for each in found] == ["image_0", "image_1"]
    assert found[0].to_dict()["roles"] == ROLES
    assert found[0].image.made == NOW.isoformat()


def test_the_machine_has_nothing_of_the_group_but_size_and_image():
    (found,) = preparations([machine()], NOW)
    group = found.group
    assert (group["count"], group["size"]["gpus"], group["size"]["memory"]) == (1, 0, 10**9)
    assert group["image"] == GROUP["image"]
    assert not group["network"]["public"]
    assert [group.get(what) or None for what in ("ports", "volumes", "users", "tags", "networks")] == [None] * 5


def test_an_image_is_ready_when_it_has_all_the_services():
    both = {**CONDOR, "indigo.paas.squid": "bbbb-2222"}
    (wanted,) = preparations([machine(both)], NOW)
    (part,) = preparations([machine()], NOW)
    assert ready(wanted, [part.image], NOW, 30) is None
    assert ready(wanted, [part.image, wanted.image], NOW, 30) == wanted.image
    assert ready(wanted, [wanted.image], NOW + datetime.timedelta(days=31), 30) is None
