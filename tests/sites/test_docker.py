# SPDX-License-Identifier: Apache-2.0
"""The docker site on a real engine: what it makes, finds again, repairs after every kind of loss, and deletes."""

from __future__ import annotations

import json
import multiprocessing
import os
import pathlib
import random
import signal
import subprocess
import sys
import textwrap
import time
from typing import Any

import docker
import pytest

from ansible_collections.indigo.paas.plugins.module_utils.brokering import misfits
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.images import ImageBuilder, Recipe
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import read_groups
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Site
from tests.sites.conftest import NODE, Key, group

pytestmark = pytest.mark.engine

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def engine() -> docker.DockerClient:
    return docker.from_env()


def names(site: Site, deployment: str) -> list[str]:
    return [node.name for node in site.list_nodes(deployment)]


def containers(engine: docker.DockerClient, deployment: str) -> list[Any]:
    return engine.containers.list(all=True, filters={"label": f"indigo.paas.deployment={deployment}"})


def test_nodes_are_machines_of_their_own(site, deployment, key):
    result = site.ensure_nodes(deployment, [group("fe"), group("wn", 2)], public_key=key.public)
    assert result.changed
    assert result.created == ["fe-0", "wn-0", "wn-1"]
    assert [node.state for node in result.nodes] == ["running"] * 3
    seen = [
        key.output(node, "hostname && cat /etc/machine-id && ps -o comm= -p 1 && ls /etc/ssh/ssh_host_*_key")
        for node in result.nodes
    ]
    hosts, machines, inits, keys = zip(*(text.split() for text in seen), strict=True)
    assert hosts == ("fe-0", "wn-0", "wn-1")
    assert len(set(machines)) == 3
    assert set(inits) == {"systemd"}
    assert set(keys) == {"/etc/ssh/ssh_host_ed25519_key"}
    assert len({node.host_keys[0] for node in result.nodes}) == 3


def test_nodes_find_each_other_by_name(site, deployment, key):
    nodes = site.ensure_nodes(deployment, [group("fe"), group("wn")], public_key=key.public).nodes
    addresses = {node.name: node.private_address[0] for node in nodes}
    assert key.output(nodes[1], "getent hosts fe-0").split()[0] == addresses["fe-0"]
    assert key.output(nodes[1], "timeout 5 bash -c 'head -c 4 </dev/tcp/fe-0/22'") == "SSH-"


def test_a_node_reaches_the_network_whatever_the_hosts_mtu(site, deployment, key):
    node = site.ensure_nodes(deployment, [group()], public_key=key.public).nodes[0]
    route = subprocess.run(["ip", "route", "show", "default"], text=True, capture_output=True, check=True)
    interface = route.stdout.split()[route.stdout.split().index("dev") + 1]
    host_mtu = pathlib.Path(f"/sys/class/net/{interface}/mtu").read_text().strip()
    assert key.output(node, "cat /sys/class/net/eth0/mtu") == host_mtu


def test_a_service_runs_under_systemd(site, deployment, key):
    node = site.ensure_nodes(deployment, [group()], public_key=key.public).nodes[0]
    assert key.output(node, "systemctl is-system-running --wait") == "running"
    assert key.output(node, "systemd-run --quiet --wait --pipe echo served") == "served"


def test_memory_and_cpu_are_limited(site, deployment, key, engine):
    big = group(size={"cpus": 1, "memory": 600 * 1000**2})
    node = site.ensure_nodes(deployment, [big], public_key=key.public).nodes[0]
    limits = engine.api.inspect_container(node.id)["HostConfig"]
    assert (limits["Memory"], limits["MemorySwap"], limits["NanoCpus"]) == (600000000, 600000000, 10**9)
    eater = "python3 -c 'x = bytearray(900 * 1000**2)'"
    assert key.output(node, f"{eater} 2>/dev/null; echo $?") == "137"
    assert key.output(node, "echo alive") == "alive"


def test_a_node_sees_its_limits(site, deployment, key):
    # So little that even a busy machine would give more.
    small = group(size={"cpus": 0.1, "memory": 600 * 1024**2})
    node = site.ensure_nodes(deployment, [small], public_key=key.public).nodes[0]
    groups = "/sys/fs/cgroup"
    memory = key.output(node, f"cat {groups}/memory.max || cat {groups}/memory/memory.limit_in_bytes")
    assert int(memory) == 600 * 1024**2
    quota = f"cat {groups}/cpu.max || cat {groups}/cpu/cpu.cfs_quota_us {groups}/cpu/cpu.cfs_period_us"
    share, period = map(int, key.output(node, quota).split())
    assert share / period == 0.1
    throttled = f"cat {groups}/cpu.stat {groups}/cpu/cpu.stat 2>/dev/null | awk '/nr_throttled/ {{ print $2 }}'"
    before = int(key.output(node, throttled))
    key.output(node, "timeout 2 sh -c 'while :; do :; done' || true")
    assert int(key.output(node, throttled)) > before


DATA = {"name": "my data", "size": 10**9, "location": "/srv/data", "volume_id": None, "snapshot_id": None}


def volumes(engine: docker.DockerClient, deployment: str) -> list[str]:
    found = engine.volumes.list(filters={"label": f"indigo.paas.deployment={deployment}"})
    labels = [volume.attrs["Labels"] for volume in found]
    return sorted(f"{each['indigo.paas.group']} {each['indigo.paas.index']}" for each in labels)


def test_a_volume_outlives_its_nodes_container(site, deployment, key, engine):
    groups = [group("wn", 2, volumes=[DATA])]
    nodes = site.ensure_nodes(deployment, groups, public_key=key.public).nodes
    assert volumes(engine, deployment) == ["wn 0", "wn 1"]
    assert key.output(nodes[0], "findmnt -no TARGET /srv/data && echo kept >/srv/data/mark") == "/srv/data"
    engine.containers.get(nodes[0].id).remove(force=True, v=True)
    again = site.ensure_nodes(deployment, groups, public_key=key.public)
    assert again.created == ["wn-0"]
    assert key.output(again.nodes[0], "cat /srv/data/mark") == "kept"
    assert key.output(again.nodes[1], "ls /srv/data") == ""
    assert not site.ensure_nodes(deployment, groups, public_key=key.public).changed


def test_a_volume_goes_with_its_node(site, deployment, key, engine):
    site.ensure_nodes(deployment, [group("wn", 2, volumes=[DATA])], public_key=key.public)
    site.ensure_nodes(deployment, [group("wn", 1, volumes=[DATA])], public_key=key.public)
    assert volumes(engine, deployment) == ["wn 0"]
    assert site.delete_nodes(deployment, dry_run=True) == ["wn-0"]
    assert volumes(engine, deployment) == ["wn 0"]
    site.delete_nodes(deployment)
    assert volumes(engine, deployment) == []


def test_a_volume_goes_with_its_node_even_if_that_went_before(site, deployment, key, engine):
    nodes = site.ensure_nodes(deployment, [group("wn", 2, volumes=[DATA])], public_key=key.public).nodes
    engine.containers.get(nodes[1].id).remove(force=True)
    site.ensure_nodes(deployment, [group("wn", 1, volumes=[DATA])], public_key=key.public)
    assert volumes(engine, deployment) == ["wn 0"]


def test_a_volume_whose_node_is_gone_is_deleted_too(site, deployment, key, engine):
    node = site.ensure_nodes(deployment, [group(volumes=[DATA])], public_key=key.public).nodes[0]
    engine.containers.get(node.id).remove(force=True)
    assert site.delete_nodes(deployment) == []
    assert volumes(engine, deployment) == []


def test_a_volume_of_the_operators_is_attached_and_never_deleted(deployment, key, engine):
    own = engine.volumes.create(f"{deployment}-own")
    try:
        site = open_site("local", {"type": "docker", "volumes": [own.name]})
        shared = group("wn", 2, volumes=[{**DATA, "volume_id": own.name}])
        nodes = site.ensure_nodes(deployment, [shared], public_key=key.public).nodes
        key.output(nodes[0], "echo shared >/srv/data/mark")
        assert key.output(nodes[1], "cat /srv/data/mark") == "shared"
        site.delete_nodes(deployment)
        assert engine.volumes.get(own.name)
    finally:
        own.remove()


def test_a_volume_that_is_not_offered_is_refused(site, deployment, key, engine):
    other = engine.volumes.create(f"{deployment}-other")
    try:
        groups = [group(volumes=[{**DATA, "volume_id": other.name}])]
        with pytest.raises(SiteError, match=f"It offers no volume '{other.name}'") as caught:
            site.ensure_nodes(deployment, groups, public_key=key.public)
        assert caught.value.bad_input
        assert names(site, deployment) == []
    finally:
        other.remove()


def test_a_volume_that_came_later_is_told(site, deployment, key):
    site.ensure_nodes(deployment, [group()], public_key=key.public)
    result = site.ensure_nodes(deployment, [group(volumes=[DATA])], public_key=key.public)
    assert not result.changed
    assert result.warnings == [
        "Site 'local' does not heed the size of 'my data' of 'wn': a volume of an engine has no size.",
        "Node wn-0 keeps the volumes that it was made with. Name it in removal_list to replace it.",
    ]


def test_gpus_that_the_engine_has_not_are_refused(site, deployment, key):
    groups = [group(size={"cpus": 1, "memory": 512 * 1024**2, "gpus": 1})]
    assert misfits(read_groups(groups), site.describe()) == ["A node of 'wn' asks for 1 GPUs; its largest node has 0."]
    with pytest.raises(SiteError, match="asks for 1 GPUs; its largest node has 0"):
        site.ensure_nodes(deployment, groups, public_key=key.public)
    assert names(site, deployment) == []


def test_a_second_run_changes_nothing(site, deployment, key):
    groups = [group("wn", 2)]
    first = site.ensure_nodes(deployment, groups, public_key=key.public)
    second = open_site("local", {"type": "docker"}).ensure_nodes(deployment, groups, public_key=key.public)
    assert not second.changed
    assert second.kept == ["wn-0", "wn-1"]
    assert second.nodes == first.nodes


def test_a_dry_run_tells_and_does_nothing(site, deployment, key):
    result = site.ensure_nodes(deployment, [group("wn", 2)], public_key=key.public, dry_run=True)
    assert (result.changed, result.created) == (True, ["wn-0", "wn-1"])
    assert site.list_nodes(deployment) == []
    site.ensure_nodes(deployment, [group("wn", 2)], public_key=key.public)
    smaller = site.ensure_nodes(deployment, [group("wn", 1)], public_key=key.public, dry_run=True)
    assert (smaller.removed, smaller.kept) == (["wn-1"], ["wn-0"])
    assert site.delete_nodes(deployment, dry_run=True) == ["wn-0", "wn-1"]
    assert names(site, deployment) == ["wn-0", "wn-1"]


def test_groups_grow_and_shrink(site, deployment, key):
    def ensure(**wanted):
        return site.ensure_nodes(deployment, [group("wn", **wanted)], public_key=key.public)

    ensure(count=2)
    assert ensure(count=3).created == ["wn-2"]
    assert ensure(count=2, removal_list=["wn-0"]).removed == ["wn-0"]
    assert names(site, deployment) == ["wn-1", "wn-2"]
    assert ensure(count=1).removed == ["wn-2"]
    assert site.ensure_nodes(deployment, [], public_key=key.public).removed == ["wn-1"]
    assert names(site, deployment) == []


def test_a_stopped_node_is_started_again(site, deployment, key, engine):
    node = site.ensure_nodes(deployment, [group()], public_key=key.public).nodes[0]
    key.output(node, "echo kept >/root/mark")
    engine.containers.get(node.id).kill()
    assert site.list_nodes(deployment)[0].state == "stopped"
    result = site.ensure_nodes(deployment, [group()], public_key=key.public)
    assert (result.repaired, result.created) == (["wn-0"], [])
    assert key.output(result.nodes[0], "cat /root/mark") == "kept"


def test_a_paused_node_goes_on(site, deployment, key, engine):
    node = site.ensure_nodes(deployment, [group()], public_key=key.public).nodes[0]
    engine.containers.get(node.id).pause()
    result = site.ensure_nodes(deployment, [group()], public_key=key.public)
    assert result.repaired == ["wn-0"]
    assert key.output(result.nodes[0], "hostname") == "wn-0"


def test_a_lost_node_is_made_again(site, deployment, key, engine):
    nodes = site.ensure_nodes(deployment, [group("wn", 2)], public_key=key.public).nodes
    engine.containers.get(nodes[0].id).remove(force=True)
    result = site.ensure_nodes(deployment, [group("wn", 2)], public_key=key.public)
    assert (result.created, result.kept) == (["wn-0"], ["wn-1"])
    assert result.nodes[0].host_keys != nodes[0].host_keys
    assert key.output(result.nodes[0], "hostname") == "wn-0"


def test_a_node_whose_creation_broke_off_is_made_anew(site, deployment, key, engine):
    first = site.ensure_nodes(deployment, [group()], public_key=key.public).nodes[0]
    whole = engine.containers.get(first.id)
    whole.remove(force=True)
    engine.containers.create(
        whole.image, ["/sbin/init"], name=whole.name, labels=whole.labels, network=f"indigo-paas-{deployment}"
    )
    found = site.list_nodes(deployment)[0]
    assert (found.state, found.problem) == ("unfinished", "Its creation broke off.")
    result = site.ensure_nodes(deployment, [group()], public_key=key.public)
    assert result.repaired == ["wn-0"]
    assert result.nodes[0].id != found.id
    assert key.output(result.nodes[0], "hostname") == "wn-0"


ENSURE = textwrap.dedent(
    """
    import json, sys
    from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site

    deployment, public_key, groups = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    print("begun", flush=True)
    open_site("local", {"type": "docker"}).ensure_nodes(deployment, groups, public_key=public_key)
    """
)


@pytest.mark.parametrize("delay", [0.2, 0.5, 0.9, 1.4])
def test_a_run_that_is_killed_can_be_repeated(site, deployment, key, delay):
    groups = [group("fe"), group("wn", 3)]
    process = subprocess.Popen(
        [sys.executable, "-c", ENSURE, deployment, key.public, json.dumps(groups)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "collections")},
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()
    time.sleep(delay * random.uniform(0.7, 1.3))
    process.send_signal(signal.SIGKILL)
    process.wait()
    result = site.ensure_nodes(deployment, groups, public_key=key.public)
    assert [node.name for node in result.nodes] == ["fe-0", "wn-0", "wn-1", "wn-2"]
    assert [key.output(node, "hostname") for node in result.nodes] == ["fe-0", "wn-0", "wn-1", "wn-2"]
    assert not site.ensure_nodes(deployment, groups, public_key=key.public).changed


def test_another_key_is_let_in_besides_the_first(site, deployment, key, tmp_path):
    site.ensure_nodes(deployment, [group()], public_key=key.public)
    (tmp_path / "other").mkdir()
    other = Key(tmp_path / "other")
    foretold = site.ensure_nodes(deployment, [group()], public_key=other.public, dry_run=True)
    assert foretold.repaired == ["wn-0"]
    result = site.ensure_nodes(deployment, [group()], public_key=other.public)
    assert (result.changed, result.repaired) == (True, ["wn-0"])
    assert other.output(result.nodes[0], "hostname") == "wn-0"
    assert key.output(result.nodes[0], "hostname") == "wn-0"


def test_a_stranger_is_not_let_in(site, deployment, key, tmp_path):
    node = site.ensure_nodes(deployment, [group()], public_key=key.public).nodes[0]
    (tmp_path / "stranger").mkdir()
    assert "Permission denied" in Key(tmp_path / "stranger").ssh(node, "true").stderr


def test_what_cannot_be_held_is_refused_before_anything_is_made(site, deployment, key):
    groups = [
        group("fe", size={"cpus": 4096, "memory": 10**15}),
        group("wn", 10**6, image={"distribution": "ubuntu", "version": "16.04"}),
    ]
    with pytest.raises(SiteError) as caught:
        site.ensure_nodes(deployment, groups, public_key=key.public)
    text = str(caught.value)
    assert caught.value.bad_input
    for part in ("asks for 4096 CPUs", "GB of memory", "'ubuntu', version '16.04'", "1000001 nodes in all"):
        assert part in text
    assert site.list_nodes(deployment) == []


def test_use_is_described(site, deployment, key):
    site.ensure_nodes(deployment, [group("wn", 2)], public_key=key.public)
    description = site.describe()
    assert description["used"]["deployments"][deployment] == {"cpus": 2.0, "memory": 2**30, "nodes": 2}
    assert description["used"]["nodes"] >= 2


def test_a_size_that_changed_is_told(site, deployment, key):
    site.ensure_nodes(deployment, [group()], public_key=key.public)
    larger = group(size={"cpus": 1, "memory": 2**30})
    result = site.ensure_nodes(deployment, [larger], public_key=key.public)
    assert not result.changed
    assert result.warnings == ["Node wn-0 keeps the size that it was made with. Name it in removal_list to replace it."]


def test_deleting_takes_all_and_may_be_repeated(site, deployment, key, engine):
    nodes = site.ensure_nodes(deployment, [group("wn", 2)], public_key=key.public).nodes
    guest = engine.containers.create(containers(engine, deployment)[0].image, ["sleep", "60"])
    try:
        engine.networks.get(f"indigo-paas-{deployment}").connect(guest)
        guest.start()
        engine.containers.get(nodes[1].id).remove(force=True)
        assert site.delete_nodes(deployment) == ["wn-0"]
        assert containers(engine, deployment) == []
        assert engine.networks.list(filters={"label": f"indigo.paas.deployment={deployment}"}) == []
        assert site.delete_nodes(deployment) == []
    finally:
        guest.remove(force=True)


def lan(cidr: str, address: str | None = None, gateway: str | None = None) -> dict[str, Any]:
    return {"networks": [{"name": "lan", "cidr": cidr, "gateway": gateway, "address": address}]}


def test_a_network_has_the_range_that_is_asked_for(site, deployment, key, engine):
    groups = [
        {**group("fe"), **lan("10.231.77.0/24", "10.231.77.9", "10.231.77.254")},
        {**group("wn", 2), **lan("10.231.77.0/24", None, "10.231.77.254")},
    ]
    nodes = site.ensure_nodes(deployment, groups, public_key=key.public).nodes
    assert nodes[0].private_address[0] == "10.231.77.9"
    assert all(node.private_address[0].startswith("10.231.77.") for node in nodes)
    assert "10.231.77.9/24" in key.output(nodes[0], "ip -brief address")
    assert key.output(nodes[1], "timeout 5 bash -c 'head -c 4 </dev/tcp/10.231.77.9/22'") == "SSH-"
    made = engine.networks.list(filters={"label": ["indigo.paas.network=lan", f"indigo.paas.deployment={deployment}"]})
    assert made[0].attrs["IPAM"]["Config"] == [{"Subnet": "10.231.77.0/24", "Gateway": "10.231.77.254"}]
    again = site.ensure_nodes(deployment, groups, public_key=key.public)
    assert (again.changed, again.warnings) == (False, [])
    site.delete_nodes(deployment)
    assert engine.networks.list(filters={"label": f"indigo.paas.deployment={deployment}"}) == []


def test_a_range_that_is_in_use_is_refused_before_anything_is_made(site, deployment, key, engine):
    pool = docker.types.IPAMPool(subnet="10.231.78.0/24")
    stranger = engine.networks.create(f"stranger-{deployment}", ipam=docker.types.IPAMConfig(pool_configs=[pool]))
    try:
        groups = [{**group("fe"), **lan("10.231.78.128/25")}]
        with pytest.raises(SiteError, match=f"overlaps with 10.231.78.0/24 of its network 'stranger-{deployment}'"):
            site.ensure_nodes(deployment, groups, public_key=key.public, dry_run=True)
        assert containers(engine, deployment) == []
    finally:
        stranger.remove()


def test_deployments_do_not_see_each_other(site, deployment, key):
    other = f"{deployment}-b"
    try:
        site.ensure_nodes(deployment, [group()], public_key=key.public)
        site.ensure_nodes(other, [group()], public_key=key.public)
        site.delete_nodes(deployment)
        assert names(site, other) == ["wn-0"]
    finally:
        site.delete_nodes(other)


def test_nodes_may_be_reached_at_published_ports(deployment, key):
    published = open_site("local", {"type": "docker", "access": "published"})
    node = published.ensure_nodes(deployment, [group()], public_key=key.public).nodes[0]
    assert node.ansible_host == "127.0.0.1"
    assert node.ansible_port != 22
    assert key.output(node, "hostname") == "wn-0"


def test_an_image_of_the_engine_may_be_asked_for(site, deployment, key, engine):
    reference = NODE.reference
    own = f"{deployment}:mine"
    site.ensure_nodes(deployment, [group("fe")], public_key=key.public)
    engine.images.get(reference).tag(own)
    try:
        groups = [group("fe"), group("wn", image={"image": own})]
        nodes = site.ensure_nodes(deployment, groups, public_key=key.public).nodes
        assert engine.containers.get(nodes[1].id).attrs["Config"]["Image"] == own
    finally:
        site.delete_nodes(deployment)
        engine.images.remove(own)


def build(recipe: Recipe, said: Any) -> None:
    api = docker.APIClient(timeout=120)
    ImageBuilder(api, docker.APIClient(timeout=8), said.put).ensure(recipe)


def test_two_processes_build_one_image_once(site, deployment, key, engine):
    site.ensure_nodes(deployment, [group()], public_key=key.public)
    mark = f"http://{deployment}.test"  # an option without effect here, to make the image a new one
    recipe = Recipe("debian", "13", base=NODE.reference, mirror=mark)
    spawn = multiprocessing.get_context("fork")
    said = spawn.SimpleQueue()
    builders = [spawn.Process(target=build, args=(recipe, said)) for _ in range(2)]
    try:
        for builder in builders:
            builder.start()
        for builder in builders:
            builder.join()
        assert [builder.exitcode for builder in builders] == [0, 0]
        lines = []
        while not said.empty():
            lines.append(said.get())
        assert sum(line.startswith("Building the node image") for line in lines) == 1
        assert engine.images.get(recipe.reference).labels["indigo.paas.image"] == "debian-13"
    finally:
        engine.images.remove(recipe.reference)


@pytest.mark.slow
def test_the_older_release_runs_as_well(site, deployment, key):
    older = group(image={"distribution": "debian", "version": "12"})
    node = site.ensure_nodes(deployment, [older], public_key=key.public).nodes[0]
    assert key.output(node, ". /etc/os-release && echo $VERSION_CODENAME") == "bookworm"
    assert key.output(node, "systemctl is-system-running --wait") == "running"
    assert key.output(node, "find /var/lib/apt/lists -name '*Packages*' | wc -l") == "0"


@pytest.mark.slow
def test_an_image_is_bootstrapped_with_extra_packages(deployment, key, engine):
    image = {"distribution": "debian", "version": "13", "packages": ["jq"], "fetched": ["hello"], "name": "with-jq"}
    site = open_site("local", {"type": "docker", "images": [image]})
    said: list[str] = []
    recipe = Recipe("debian", "13", ("jq",), fetched=("hello",))
    try:
        node = site.ensure_nodes(deployment, [group()], public_key=key.public, progress=said.append).nodes[0]
        assert said[0].startswith("Building the node image debian 13 from ")
        assert key.output(node, "jq --version && apt-cache policy | head -n 1").startswith("jq-")
        assert key.ssh(node, "hello").returncode == 127
        assert key.output(node, "apt-get install -y -qq --no-download hello >/dev/null && hello") == "Hello, world!"
    finally:
        site.delete_nodes(deployment)
        engine.images.remove(recipe.reference)
