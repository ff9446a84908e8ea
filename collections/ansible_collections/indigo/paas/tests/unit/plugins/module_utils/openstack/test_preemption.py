# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.openstack import preemption


def test_what_a_cloud_is_told_is_text():
    found = preemption.read("s", {"metadata": {"preemptible": True}, "scheduler_hints": {"spot": 1}})
    assert found == preemption.Preemption(metadata={"preemptible": "true"}, scheduler_hints={"spot": "1"})
    assert found
    assert not preemption.read("s", {})


def test_a_flavor_is_for_preemptible_servers_when_it_has_all_extra_specs():
    found = preemption.read("s", {"extra_specs": {"a": "1", "b": True}})
    assert found.has({"a": "1", "b": "true", "c": "x"})
    assert not found.has({"a": "1"})
    assert not preemption.Preemption().has({"a": "1"})


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ({"extra_spec": {}}, "preemptible has no key 'extra_spec'. Did you mean 'extra_specs'?"),
        ({"metadata": "x"}, "preemptible.metadata must be a dictionary of texts"),
        ({"metadata": {"x": {"y": 1}}}, "preemptible.metadata must be a dictionary of texts"),
        ({"scheduler_hints": {"x": None}}, "preemptible.scheduler_hints must be a dictionary of texts"),
    ],
)
def test_what_is_wrong_is_told(option, problem):
    with pytest.raises(SiteError) as caught:
        preemption.read("s", option)
    assert problem in str(caught.value)
    assert caught.value.bad_input
