# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils import flavors
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup
from ansible_collections.indigo.paas.plugins.module_utils.openstack import flavors as nova_flavors

GIB = 1024**3


def flavor(name, cpus=1, memory=1, disk=10, gpus=0, preemptible=False):
    return {
        "id": f"id-{name}",
        "name": name,
        "cpus": cpus,
        "memory": memory * GIB,
        "disk": disk * GIB,
        "gpus": gpus,
        "preemptible": preemptible,
    }


IMAGE = {"disk": 0, "memory": 0}


def group(**size):
    return NodeGroup.from_plan({"name": "wn", "size": {"cpus": 1, "memory": GIB, **size}})


FLAVORS = [
    flavor("large", 4, 8, 40),
    flavor("small", 1, 2),
    flavor("tiny", 1, 1, 1),
    flavor("gpu", 4, 16, 40, gpus=2),
    flavor("diskless", 2, 4, 0),
]


@pytest.mark.parametrize(
    ("size", "chosen"),
    [
        ({}, "tiny"),
        ({"memory": GIB + 1}, "small"),
        ({"cpus": 2}, "diskless"),
        ({"cpus": 2, "disk": 20 * GIB}, "large"),
        ({"gpus": 1}, "gpu"),
        ({"instance_type": "large"}, "large"),
        ({"instance_type": "id-gpu", "cpus": 99}, "gpu"),
    ],
)
def test_the_smallest_that_holds_it_is_chosen(size, chosen):
    assert flavors.choose(FLAVORS, group(**size), IMAGE, disk_is_volume=False)["name"] == chosen


def test_the_disk_of_the_flavor_does_not_matter_where_it_is_a_volume():
    wanted = group(cpus=2, disk=500 * GIB)
    assert flavors.choose(FLAVORS, wanted, IMAGE, disk_is_volume=True)["name"] == "diskless"


def test_what_nothing_holds_is_told_with_the_largest():
    with pytest.raises(SiteError, match=r"'wn', which asks for 64 CPUs.*The largest are .*gpu \(4 CPUs") as caught:
        flavors.choose(FLAVORS, group(cpus=64), IMAGE, disk_is_volume=False)
    assert caught.value.bad_input


def test_an_unknown_instance_type_is_told_with_the_nearest():
    with pytest.raises(SiteError, match="instance_type 'smal', which there is not. Did you mean 'small'?"):
        flavors.choose(FLAVORS, group(instance_type="smal"), IMAGE, disk_is_volume=False)


sizes = st.builds(
    flavor,
    st.text("abc", min_size=1, max_size=4),
    st.integers(1, 64),
    st.integers(1, 64),
    st.integers(0, 64),
    st.integers(0, 4),
)


@given(st.lists(sizes, max_size=12), st.integers(1, 64), st.integers(1, 64), st.integers(0, 64), st.integers(0, 4))
def test_the_choice_holds_what_is_asked_and_no_smaller_one_does(offered, cpus, memory, disk, gpus):
    wanted = group(cpus=cpus, memory=memory * GIB, disk=disk * GIB, gpus=gpus)

    def holds(one):
        asked = (cpus, memory * GIB, disk * GIB, gpus)
        return all(
            have >= want for have, want in zip(map(one.get, ("cpus", "memory", "disk", "gpus")), asked, strict=True)
        )

    fitting = [one for one in offered if holds(one)]
    if not fitting:
        with pytest.raises(SiteError):
            flavors.choose(offered, wanted, IMAGE, disk_is_volume=False)
        return
    chosen = flavors.choose(offered, wanted, IMAGE, disk_is_volume=False)
    assert holds(chosen)
    assert all(flavors.order(chosen) <= flavors.order(one) for one in fitting)
    assert flavors.choose(list(reversed(offered)), wanted, IMAGE, disk_is_volume=False) == chosen


@pytest.mark.parametrize(
    ("specs", "number"),
    [
        ({}, 0),
        ({"pci_passthrough:alias": "a100:2"}, 2),
        ({"pci_passthrough:alias": "a100:1,v100:2"}, 3),
        ({"resources:VGPU": "1"}, 1),
        ({"pci_passthrough:alias": "nic"}, 0),
        ({"hw:cpu_policy": "4"}, 0),
    ],
)
def test_gpus_are_read_from_extra_specs(specs, number):
    assert nova_flavors.count_gpus(specs) == number


def test_the_site_may_say_what_a_flavor_does_not():
    found = SimpleNamespace(id="1", name="g", vcpus=2, ram=1024, disk=None, extra_specs=None)
    assert nova_flavors.read_flavor(found, {"g": {"gpus": 4}}) == flavor("g", 2, 1, 0, 4) | {"id": "1"}
    assert nova_flavors.read_flavor(found, {})["gpus"] == 0


@pytest.mark.parametrize("entry", ["g", {"name": "g"}, {"name": "g", "gpus": "two"}, {"name": "g", "gpus": True}])
def test_a_wrong_description_of_flavors_is_refused(entry):
    with pytest.raises(SiteError, match="flavor 1: it must be a dictionary with name and gpus"):
        nova_flavors.read_configured("cloud", [entry])


def test_the_image_needs_its_disk_and_memory():
    def chosen(flavors_, disk=0, memory=0, **more):
        return flavors.choose(flavors_, group(**more), {"disk": disk, "memory": memory}, disk_is_volume=False)["name"]

    assert chosen(FLAVORS, disk=2) == "small"
    assert chosen(FLAVORS, memory=3 * GIB) == "diskless"
    assert chosen([flavor("tiny", disk=1), flavor("none", 2, disk=0)], disk=2) == "none"
    with pytest.raises(SiteError, match="its image needs 50 GiB of disk and 1 GiB of memory"):
        chosen([flavor("tiny", disk=1)], disk=50, memory=GIB)


def test_preemptible_flavors_are_for_preemptible_nodes_alone():
    offered = [flavor("spot", preemptible=True), flavor("firm", cpus=2)]

    def chosen(offered, **size):
        return flavors.choose(offered, group(**size), IMAGE, disk_is_volume=False)["name"]

    assert chosen(offered, preemptible=True) == "spot"
    assert chosen(offered) == "firm"
    assert chosen(offered, instance_type="spot") == "spot"
    assert chosen([flavor("firm")], preemptible=True) == "firm"
    with pytest.raises(SiteError, match=r"4 CPUs, .* to be preemptible.*The largest are spot"):
        chosen(offered, preemptible=True, cpus=4)
