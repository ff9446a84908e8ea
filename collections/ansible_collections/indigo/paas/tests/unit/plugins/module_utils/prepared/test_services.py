# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.prepared import services
from ansible_collections.indigo.paas.plugins.module_utils.prepared.role_content import InstallRole

ROLE = "example.collection.service"
KNOWN = {ROLE: InstallRole("aaaaaaaaaaaa", {"service_series": "1", "service_url": None})}


def plan(*components):
    return {
        "components": [
            {"group": group, "operations": [{"role": role, "arguments": arguments}]}
            for group, role, arguments in components
        ]
    }


def test_the_arguments_of_install_and_no_others_with_their_defaults():
    made = plan(("fe", ROLE, {"service_series": "2", "service_peers": {"$function": {}}}))
    assert services.installs(made, KNOWN.get) == {"fe": {ROLE: {"service_series": "2", "service_url": None}}}


def test_what_the_operator_sets_counts_unless_the_template_does():
    made = plan(("fe", ROLE, {"service_series": "2"}))
    told = services.installs(made, KNOWN.get, {"service_series": "3", "service_url": "here", "other": 1})
    assert told["fe"][ROLE] == {"service_series": "2", "service_url": "here"}


@pytest.mark.parametrize(
    "value", [{"$function": {"get_attribute": ["x", "y"]}}, {"$jinja": "{{ x }}"}, [1, {"deep": {"$jinja": ["a"]}}]]
)
def test_what_is_not_known_yet_cannot_be_prepared(value):
    assert services.installs(plan(("fe", ROLE, {"service_url": value})), KNOWN.get) == {"fe": {}}


def test_two_components_of_one_role_on_one_machine():
    same = plan(("fe", ROLE, {}), ("fe", ROLE, {}), ("wn", ROLE, {}))
    assert set(services.installs(same, KNOWN.get)) == {"fe", "wn"}
    assert services.installs(same, KNOWN.get)["fe"]
    other = plan(("fe", ROLE, {}), ("fe", ROLE, {"service_series": "2"}))
    assert services.installs(other, KNOWN.get) == {"fe": {}}


def test_roles_without_install_and_components_without_a_machine_are_left_out():
    assert services.installs(plan(("fe", "a.b.c", {}), (None, ROLE, {}), ("fe", None, {})), KNOWN.get) == {}


def test_digests_differ_with_arguments_alone():
    found = services.wanted_services(plan(("a", ROLE, {}), ("b", ROLE, {"service_series": "2"})), KNOWN.get)
    assert found["a"][ROLE].startswith("aaaaaaaaaaaa-")
    assert found["b"][ROLE].startswith("aaaaaaaaaaaa-")
    assert found["a"] != found["b"]
