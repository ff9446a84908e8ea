# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup
from ansible_collections.indigo.paas.plugins.module_utils.openstack import labels, servers
from ansible_collections.indigo.paas.plugins.module_utils.openstack.batch import Batch, survey
from ansible_collections.indigo.paas.plugins.module_utils.openstack.preemption import Preemption
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import NewNode


def server(index, status="ACTIVE", *, id=None, group="wn", deployment="d", created="2026", **more):
    marks = {labels.DEPLOYMENT: deployment, labels.GROUP: group, labels.INDEX: str(index)}
    return SimpleNamespace(
        **{
            "id": id or f"{group}-{index}-{status}",
            "name": f"{deployment}.{group}-{index}",
            "status": status,
            "task_state": None,
            "metadata": marks | {labels.HOSTNAME: f"{group}-{index}"},
            "addresses": {},
            "fault": None,
            "created_at": created,
            **more,
        }
    )


def test_a_server_is_read_as_a_node():
    addresses = {
        "private": [
            {"addr": "fd00::7", "version": 6, "OS-EXT-IPS:type": "fixed"},
            {"addr": "10.0.0.7", "version": 4, "OS-EXT-IPS:type": "fixed"},
            {"addr": "192.0.2.7", "version": 4, "OS-EXT-IPS:type": "floating"},
        ]
    }
    found = servers.read_node(server(3, addresses=addresses), None, "auto")
    assert (found.name, found.group, found.index, found.state) == ("wn-3", "wn", 3, "running")
    assert found.private_address == ["10.0.0.7", "fd00::7"]
    assert found.public_address == ["192.0.2.7"]
    assert found.ansible_host == "192.0.2.7"
    assert servers.read_node(server(3, addresses=addresses), None, "private").ansible_host == "10.0.0.7"


def test_a_second_network_gives_the_public_address():
    addresses = {
        "outer": [{"addr": "192.0.2.7", "version": 4, "OS-EXT-IPS:type": "fixed"}],
        "inner": [{"addr": "10.0.0.7", "version": 4, "OS-EXT-IPS:type": "fixed"}],
    }
    found = servers.read_node(server(0, addresses=addresses), "outer", "auto")
    assert (found.private_address, found.public_address) == (["10.0.0.7"], ["192.0.2.7"])


def test_a_floating_address_that_nova_does_not_know_yet_counts():
    addresses = {"inner": [{"addr": "10.0.0.7", "version": 4, "OS-EXT-IPS:type": "fixed"}]}
    found = servers.read_node(server(0, addresses=addresses), None, "auto", "192.0.2.9")
    assert (found.private_address, found.public_address, found.ansible_host) == (
        ["10.0.0.7"],
        ["192.0.2.9"],
        "192.0.2.9",
    )


@pytest.mark.parametrize(
    ("status", "state", "problem"),
    [
        ("SHUTOFF", "stopped", "It does not run: SHUTOFF."),
        ("BUILD", "unfinished", "It does not run: BUILD."),
        ("ERROR", "error", "It is in error: No valid host was found."),
        ("SOMETHING_NEW", "unfinished", "It does not run: SOMETHING_NEW."),
    ],
)
def test_what_does_not_run_says_why(status, state, problem):
    found = servers.read_node(server(0, status, fault={"message": "No valid host was found."}), None, "auto")
    assert (found.state, found.problem, found.ansible_host) == (state, problem, "")


def test_a_request_carries_all_that_a_node_is():
    node = NewNode("wn-1", NodeGroup("wn", "wn", "wn", tags={"team": "x", "indigo.paas.group": "forged"}), 1)
    around = servers.Surroundings(
        "key", {None: "common", "wn": "own"}, {"wn": "apart"}, {"mine": "net-9"}, {"lan": "net-7"}
    )
    preemption = Preemption(scheduler_hints={"spot": "true", "group": "forged"})
    blueprint = servers.Blueprint(
        {"id": "f"}, "image", ("net-1",), "mine", None, 20, preemption, (("lan", "10.7.0.9"), ("lan", None))
    )
    request = servers.server_request(
        node,
        blueprint,
        around,
        deployment="d",
        metadata=servers.node_labels("d", node, "ssh-ed25519 A", "mark"),
        user_data="#cloud-config\n",
        volumes=["v1"],
        zone="az",
        volume_type="fast",
    )
    assert request["name"] == "d.wn-1"
    assert "image_id" not in request
    own = [{"uuid": "net-7", "fixed_ip": "10.7.0.9"}, {"uuid": "net-7"}]
    assert request["networks"] == [{"uuid": "net-9"}, {"uuid": "net-1"}, *own]
    assert request["security_groups"] == [{"name": "common"}, {"name": "own"}]
    assert request["scheduler_hints"] == {"spot": "true", "group": "apart"}
    assert request["availability_zone"] == "az"
    assert base64.b64decode(request["user_data"]) == b"#cloud-config\n"
    assert (request["metadata"]["team"], request["metadata"]["indigo.paas.group"]) == ("x", "wn")
    root, data = request["block_device_mapping"]
    assert (root["uuid"], root["volume_size"], root["volume_type"]) == ("image", 20, "fast")
    assert (root["delete_on_termination"], data["delete_on_termination"]) == (True, False)


statuses = st.sampled_from(["ACTIVE", "SHUTOFF", "BUILD", "ERROR", "DELETED"])
found_servers = st.lists(
    st.builds(
        lambda index, status, number: server(index, status, id=str(number)), st.integers(0, 4), statuses, st.integers()
    ),
    unique_by=lambda one: one.id,
    max_size=12,
)


@given(found_servers, st.sets(st.integers(0, 5)))
def test_each_wanted_one_is_in_one_state_and_no_double_is_better(found, indices):
    wanted = [("wn", index) for index in indices]
    now = survey(found, wanted)
    kept = [*now.running.values(), *now.stopped, *now.waiting, *now.failed]
    assert sorted([*map(servers.identity, kept), *now.missing]) == sorted(wanted)
    assert not any(servers.is_going(one) for one in [*kept, *now.doubles])
    for double in now.doubles:
        if double.status == "ACTIVE":
            assert servers.identity(double) in now.running


class Project:
    """A cloud in memory: servers move on by one step at each look at them."""

    def __init__(self, *there, plan=None):
        self.there = list(there)
        self.plan = plan or {}
        self.lists = 0
        self.asked = []
        self.deleted = []
        self.retry = SimpleNamespace(passes=lambda error: True)
        self._lock = threading.Lock()

    def servers(self, deployment):
        self.lists += 1
        found = list(self.there)
        for one in self.there:
            if one.status == "BUILD":
                one.status = self.plan.get(one.id, "ACTIVE")
        self.there = [one for one in self.there if one.task_state != "deleting"]
        return found

    def create_server(self, request):
        with self._lock:
            number = len(self.asked)
            self.asked.append(request)
            fault = {"message": f"broken {number}"}
            self.there.append(server(request, "BUILD", id=str(number), fault=fault))

    def delete_server(self, id):
        self.deleted.append(id)
        for one in self.there:
            if one.id == id:
                one.task_state = "deleting"

    def start_server(self, one):
        one.status = "ACTIVE"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def batch(project, *, patience=60, replacements=1, said=None):
    clock = Clock()
    return Batch(
        project,
        "d",
        "cloud",
        workers=4,
        patience=patience,
        replacements=replacements,
        say=(said if said is not None else []).append,
        sleep=clock.sleep,
        clock=clock,
    )


def make(project, count, **more):
    batch(project, **more).make([("wn", index) for index in range(count)], lambda one: one[1], lambda missing: None)


@pytest.mark.parametrize("count", [1, 20, 200])
def test_looking_does_not_grow_with_the_servers(count):
    project = Project()
    make(project, count)
    assert len(project.asked) == count
    assert project.lists == 2


def test_the_missing_are_made_the_stopped_started_the_doubles_deleted():
    project = Project(server(0, "SHUTOFF"), server(1, id="b", created="2"), server(1, id="a", created="1"))
    make(project, 3)
    assert project.asked == [2]
    assert project.deleted == ["b"]
    assert sorted(one.metadata[labels.INDEX] for one in project.there) == ["0", "1", "2"]
    assert {one.status for one in project.there} == {"ACTIVE"}


def test_one_in_error_is_replaced_and_said():
    said = []
    project = Project(plan={"1": "ERROR"})
    make(project, 2, said=said)
    assert len(project.asked) == 3
    assert project.deleted == ["1"]
    assert len(said) == 1
    assert "is in error and made anew: broken 1" in said[0]


def test_many_in_error_are_explained_and_no_more_are_made():
    project = Project(plan=dict.fromkeys(map(str, range(9)), "ERROR"))
    with pytest.raises(SiteError) as caught:
        make(project, 1, replacements=2)
    assert "Server d.wn-0 is in error: broken 2" in str(caught.value)
    assert "No more servers in error are replaced" in str(caught.value)
    assert len(project.asked) == 3


def test_what_stays_is_given_up_and_named():
    project = Project(plan={"0": "BUILD"})
    with pytest.raises(SiteError, match=r"Server d.wn-0 stays BUILD\n.*for 60 s.*raise site_build_timeout"):
        make(project, 1)


def test_removing_what_is_half_gone_succeeds():
    going = server(0, id="x", task_state="deleting")
    gone = server(1, id="y")
    project = Project(going, server(2, id="z"))
    batch(project).remove([going, gone, project.there[1]])
    assert project.there == []
    assert "x" not in project.deleted


def test_what_cannot_be_removed_is_told():
    project = Project(server(0, "ERROR", id="x"))
    project.delete_server = lambda id: None
    with pytest.raises(SiteError, match="Server d.wn-0 is not deleted: it stays ERROR"):
        batch(project).remove(list(project.there))
