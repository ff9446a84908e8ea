# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine import containers, host, images
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.publishing import Publishing
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, Size
from ansible_collections.indigo.paas.plugins.module_utils.sites import docker, open_site
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import NewNode

GROUP = NodeGroup("wn server", "wn_server", "wn-server", size=Size(cpus=2, memory=2 * 10**9))


def container(node=None, state="running", addresses=("172.18.0.2",), **more):
    """Return an entry of the engine's list of containers."""
    node = node or NewNode("wn-server-1", GROUP, 1)
    return {
        "Id": "f00d",
        "Labels": containers.node_labels("my-pool", node, "ssh-ed25519 AAAA"),
        "State": state,
        "Status": "Exited (137) 2 minutes ago" if state == "exited" else "",
        "NetworkSettings": {"Networks": {f"n{i}": {"IPAddress": a} for i, a in enumerate(addresses)}},
        **more,
    }


def test_a_node_is_read_from_its_labels():
    assert containers.read_node(container()).to_dict() == {
        "name": "wn-server-1",
        "group": "wn_server",
        "index": 1,
        "id": "f00d",
        "state": "running",
        "private_address": ["172.18.0.2"],
        "public_address": [],
        "ansible_host": "172.18.0.2",
        "ansible_port": 22,
        "ansible_user": "root",
        "ansible_connection": None,
        "ansible_become": None,
        "leased": False,
        "python": "/usr/bin/python3",
        "host_keys": ["ssh-ed25519 AAAA"],
        "size": {"cpus": 2.0, "memory": 2000000000},
        "named": True,
        "problem": None,
    }


def test_tags_are_labels_and_hide_none_of_ours():
    group = dataclasses.replace(GROUP, tags={"team": "x", "indigo.paas.group": "forged"})
    labels = containers.node_labels("my-pool", NewNode("wn-server-1", group, 1), "k")
    assert (labels["team"], labels["indigo.paas.group"]) == ("x", "wn_server")


def test_a_public_node_shows_its_address_to_the_world():
    node = NewNode("fe-0", dataclasses.replace(GROUP, public=True), 0)
    assert containers.read_node(container(node)).public_address == ["172.18.0.2"]


@pytest.mark.parametrize(
    ("engine", "state"),
    [
        ("running", "running"),
        ("created", "unfinished"),
        ("exited", "stopped"),
        ("paused", "stopped"),
        ("dead", "error"),
        ("removing", "error"),
        ("a state of tomorrow", "error"),
    ],
)
def test_the_engines_states(engine, state):
    node = containers.read_node(container(state=engine))
    assert node.state == state
    assert (node.problem is None) == (state == "running")


def test_a_stopped_node_says_why():
    assert containers.read_node(container(state="exited", addresses=("",))).problem == (
        "It does not run: Exited (137) 2 minutes ago."
    )


def test_a_stopped_node_has_no_address():
    node = containers.read_node(container(state="exited", addresses=("",)))
    assert (node.ansible_host, node.private_address) == ("", [])


def test_a_published_node_is_reached_at_the_engines_host():
    ports = [{"PrivatePort": 80, "Type": "tcp"}, {"PrivatePort": 22, "PublicPort": 32768, "Type": "tcp"}]
    node = containers.read_node(container(Ports=ports), Publishing("127.0.0.1"))
    assert (node.ansible_host, node.ansible_port) == ("127.0.0.1", 32768)
    assert node.private_address == ["172.18.0.2"]


def test_a_published_node_that_is_stopped_is_reached_nowhere():
    assert containers.read_node(container(state="exited", Ports=[]), Publishing("127.0.0.1")).ansible_host == ""


@given(
    st.integers(0, 10**6),
    st.one_of(st.integers(1, 512), st.floats(0.01, 512)),
    st.integers(1, 10**15),
)
def test_labels_keep_what_they_are_given(index, cpus, memory):
    group = dataclasses.replace(GROUP, size=Size(cpus=cpus, memory=memory))
    labels = containers.node_labels("p", NewNode(f"wn-server-{index}", group, index), "k")
    assert all(isinstance(value, str) for value in labels.values())
    node = containers.read_node({**container(), "Labels": labels})
    assert (node.index, node.size["memory"]) == (index, memory)
    assert node.size["cpus"] == pytest.approx(cpus, rel=1e-5)


def test_the_files_that_make_a_node_itself():
    with tarfile.open(fileobj=io.BytesIO(containers.identity("ssh-ed25519 PUBLIC\n\n", "PRIVATE"))) as archive:
        modes = {member.name: (member.isdir(), member.mode, member.uid) for member in archive}
        keys = archive.extractfile("root/.ssh/authorized_keys").read()
    assert keys == b"ssh-ed25519 PUBLIC\n"
    assert modes == {
        "root/.ssh": (True, 0o700, 0),
        "root/.ssh/authorized_keys": (False, 0o600, 0),
        "etc/ssh/ssh_host_ed25519_key": (False, 0o600, 0),
        "etc/machine-id": (False, 0o444, 0),
    }


def test_two_nodes_are_two_machines():
    assert containers.identity("k", "h") != containers.identity("k", "h")


def test_the_unified_cgroup_tree_is_made_writable_first():
    assert containers.init_command({"CgroupVersion": "1"}) == ["/sbin/init"]
    assert "remount,rw /sys/fs/cgroup" in containers.init_command({"CgroupVersion": "2"})[-1]


def test_limits_that_the_engine_lacks_are_told():
    assert host.limit_warnings({"MemoryLimit": True, "CpuCfsQuota": True}) == []
    assert host.limit_warnings({"MemoryLimit": False, "CpuCfsQuota": True}) == [
        "The engine cannot limit memory: a node may use all of the host's."
    ]


def test_use_is_counted_by_deployment():
    assert host.use([container(), container()]) == {
        "cpus": 4.0,
        "memory": 4000000000,
        "nodes": 2,
        "deployments": {"my-pool": {"cpus": 4.0, "memory": 4000000000, "nodes": 2}},
    }


def test_images_have_names():
    found = images.read_images(
        "here",
        [
            {"distribution": "Debian", "version": 13, "packages": ["jq"], "fetched": ["condor"]},
            {"distribution": "debian", "version": "12", "name": "old"},
        ],
    )
    assert [image["name"] for image in found] == ["debian-13", "old"]
    assert "jq" in found[0]["recipe"].all_packages
    assert [image["recipe"].fetched for image in found] == [("condor",), ()]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("debian", "image 1: it must be a dictionary with distribution and version"),
        ({"distribution": "debian"}, "image 1: it must be a dictionary with distribution and version"),
        (
            {"distribution": "debian", "version": 13, "package": []},
            "unknown key 'package'. Did you mean 'packages'",
        ),
        ({"distribution": "debian", "version": 13, "packages": "jq"}, "its packages must be a list"),
        ({"distribution": "debian", "version": 13, "fetched": "jq"}, "its fetched must be a list"),
    ],
)
def test_wrong_images_are_named(entry, message):
    with pytest.raises(SiteError, match=message) as caught:
        images.read_images("here", [entry])
    assert caught.value.bad_input


def test_the_default_image_must_be_one_of_the_images():
    with pytest.raises(SiteError, match="Site 'here' has no image 'debian-31'. Did you mean 'debian-13'"):
        open_site("here", {"type": "docker", "default_image": "debian-31"})


def test_an_engine_that_is_not_there_is_told_with_a_remedy(tmp_path):
    site = open_site("here", {"type": "docker", "endpoint": f"unix://{tmp_path}/none.sock"})
    description = site.describe()
    assert description["available"] is False
    assert description["problem"] == (
        f"No container engine answers at unix://{tmp_path}/none.sock. "
        "Start it (systemctl start docker), or install one with setup/engine.sh."
    )
    assert json.dumps(description)


def test_nothing_is_made_where_no_engine_answers(tmp_path):
    site = open_site("here", {"type": "docker", "endpoint": f"unix://{tmp_path}/none.sock"})
    with pytest.raises(SiteError, match="No container engine answers") as caught:
        site.ensure_nodes("p", [], public_key="k")
    assert caught.value.bad_input


def test_every_option_is_described():
    assert all(option.description.endswith(".") for option in docker.DockerSite.OPTIONS.values())
