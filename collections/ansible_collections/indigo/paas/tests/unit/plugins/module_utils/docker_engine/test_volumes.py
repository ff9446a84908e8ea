# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine import volumes
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup

DATA = {"name": "data", "location": "/srv/data", "size": 10**9, "volume_id": None, "snapshot_id": None}


def group(*found, name="wn"):
    return NodeGroup.from_plan({"name": name, "volumes": found})


@given(st.text(min_size=1))
def test_any_name_of_a_template_makes_a_name_of_the_engine(name):
    assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", volumes.volume_name("pool", "wn-0", name))


def test_names_that_look_alike_stay_apart():
    assert volumes.volume_name("p", "wn-0", "my data") != volumes.volume_name("p", "wn-0", "my-data")


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({**DATA, "location": "srv"}, "The volume 'data' cannot be mounted at 'srv'"),
        ({**DATA, "location": "/a:ro"}, "cannot be mounted at '/a:ro'"),
        ({**DATA, "snapshot_id": "s"}, "knows no snapshots"),
        ({**DATA, "volume_id": "shred"}, "It offers no volume 'shred', which 'wn' asks for. Did you mean 'shared'?"),
    ],
)
def test_what_cannot_be_had_is_told(volume, message):
    (reason,) = volumes.misfits([group(volume)], ["shared"])
    assert message in reason


def test_what_can_be_had_is_not():
    assert volumes.misfits([group(DATA, {**DATA, "volume_id": "shared"}), group(name="fe")], ["shared"]) == []


def test_a_volume_without_a_place_is_told():
    (warning,) = volumes.warnings([group({**DATA, "location": None})], [])
    assert warning == "The volume 'data' of 'wn' is not made: without a location no container can use it."


def test_volumes_that_came_later_are_told():
    labels = {"indigo.paas.group": "wn", "indigo.paas.hostname": "wn-0"}
    has = {"Labels": labels, "Mounts": [{"Type": "volume", "Destination": "/srv/data"}]}
    assert volumes.warnings([group(DATA)], [has]) == []
    (warning,) = volumes.warnings([group(DATA)], [{"Labels": labels, "Mounts": []}])
    assert warning.startswith("Node wn-0 keeps the volumes that it was made with.")
