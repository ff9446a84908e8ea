# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine import gpus, host
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, Size
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import NewNode

CDI = {
    "DiscoveredDevices": [
        {"Source": "cdi", "ID": "nvidia.com/gpu=10"},
        {"Source": "cdi", "ID": "nvidia.com/gpu=2"},
        {"Source": "cdi", "ID": "nvidia.com/gpu=GPU-8f6a"},
        {"Source": "cdi", "ID": "nvidia.com/gpu=all"},
        {"Source": "cdi", "ID": "vendor.com/net=0"},
    ]
}
RUNTIME = {"Runtimes": {"runc": {}, "nvidia": {}}}


def node(name, number):
    return NewNode(name, NodeGroup("wn", "wn", "wn", size=Size(gpus=number)), 0)


@pytest.mark.parametrize(
    ("info", "number", "expected"),
    [
        ({}, None, []),
        ({}, 2, []),
        (CDI, None, ["nvidia.com/gpu=2", "nvidia.com/gpu=10"]),
        (CDI, 1, ["nvidia.com/gpu=2"]),
        (CDI, 0, []),
        (RUNTIME, None, []),
        (RUNTIME, 2, ["0", "1"]),
        ({**CDI, **RUNTIME}, None, ["nvidia.com/gpu=2", "nvidia.com/gpu=10"]),
    ],
)
def test_the_gpus_of_an_engine(info, number, expected):
    assert gpus.present(info, number) == expected


def test_each_node_gets_gpus_of_its_own():
    free = ["a", "b", "c"]
    assert gpus.allot([node("x", 2), node("y", 0), node("z", 1)], free) == ({"x": ["a", "b"], "y": [], "z": ["c"]}, 0)
    assert gpus.allot([node("x", 2), node("y", 2)], free)[1] == 1


def test_gpus_of_other_nodes_are_taken():
    containers = [{"Labels": {"indigo.paas.gpus": "0,2"}}, {"Labels": {}}, {"Labels": {"indigo.paas.gpus": "3"}}]
    assert gpus.taken(containers) == {"0", "2", "3"}


def test_devices_are_asked_for_in_the_engines_way():
    pytest.importorskip("docker")
    assert gpus.requests([]) == []
    (cdi,) = gpus.requests(["nvidia.com/gpu=0", "nvidia.com/gpu=1"])
    assert (cdi["Driver"], cdi["DeviceIDs"]) == ("cdi", ["nvidia.com/gpu=0", "nvidia.com/gpu=1"])
    (runtime,) = gpus.requests(["1"])
    assert (runtime["Driver"], runtime["DeviceIDs"], runtime["Capabilities"]) == ("nvidia", ["1"], [["gpu"]])


def test_gpus_that_cannot_be_given_are_told():
    assert host.gpu_warnings(CDI, None) == []
    assert host.gpu_warnings(RUNTIME, 2) == []
    assert "tell it in site_gpus" in host.gpu_warnings(RUNTIME, None)[0]
    assert host.gpu_warnings({}, 2) == ["Its engine can give 0 of the 2 GPUs of site_gpus to containers."]
