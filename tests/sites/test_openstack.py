# SPDX-License-Identifier: Apache-2.0
"""The openstack site on a real cloud with virtual servers: what it makes, finds again, repairs and deletes."""

from __future__ import annotations

import datetime
import itertools
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import WantedImage
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import new_image
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Site
from tests.sites.conftest import group
from tests.sites.openstack_cloud.cloud import OpenStackCloud, Project
from tests.sites.openstack_cloud.proxy import Proxy, creates_server

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NUMBERS = itertools.count()
KEY = ssh_keys.generate().public


@pytest.fixture
def site(project: Project) -> Site:
    return open_site("cloud", project.options(public_network="public"))


@pytest.fixture
def deployment(project: Project) -> Iterator[str]:
    """Give a name, and see to it that nothing of that name is left at the cloud."""
    name = f"ost-{os.getpid()}-{next(NUMBERS)}"
    yield name
    open_site("cloud", project.options()).delete_nodes(name)
    assert project.left(name) == {}


def server_of(project: Project, node: Any) -> Any:
    return project.connection.compute.get_server(node.id)


def test_the_site_tells_what_it_has(site):
    found = site.describe()
    assert found["available"], found["problem"]
    assert {image["name"] for image in found["images"]} == {
        "debian-12",
        "debian-13",
        "ubuntu-22.04",
        "plain",
        "machine-disk",
    }
    first = found["images"][0]
    assert (first["name"], first["default"], first["distribution"], first["version"]) == (
        "debian-12",
        True,
        "debian",
        "12",
    )
    assert found["largest_node"] == {"cpus": 4, "memory": 16 * 1024**3, "disk": 40 * 1024**3, "gpus": 2}
    assert found["capacity"] == {"cpus": 2000, "memory": 2000000 * 1024**2, "nodes": 500}
    assert set(found["response_times"]) == {"image", "flavor", "quota", "compute", "network", "zone"}
    assert found["zones"] == ["broken", "fake", "real"]
    assert any(reference.startswith("ost://") for reference in found["references"])


def test_nodes_are_made_as_the_plan_says_and_deleted_without_a_rest(site, deployment, project):
    groups = [
        group(
            "fe",
            network={"public": True},
            ports=[{"name": "web", "protocol": "tcp", "source": 80, "remote_cidr": "192.0.2.0/24"}],
            volumes=[{"name": "data", "size": 3 * 1024**3, "location": "/data"}],
            tags={"team": "physics"},
        ),
        group("wn", 2),
    ]
    result = site.ensure_nodes(deployment, groups, public_key=KEY)
    assert result.created == ["fe-0", "wn-0", "wn-1"]
    assert [node.state for node in result.nodes] == ["running"] * 3
    fe, *workers = result.nodes
    assert fe.public_address[0].startswith("203.0.113.")
    assert fe.ansible_host == fe.public_address[0]
    assert [node.public_address for node in workers] == [[], []]
    assert all(node.private_address[0].startswith("10.78.") for node in result.nodes)
    assert len({node.host_keys[0] for node in result.nodes}) == 3

    server = server_of(project, fe)
    marks = server.metadata
    assert marks["indigo.paas.deployment"] == deployment
    assert (marks["indigo.paas.group"], marks["indigo.paas.index"], marks["indigo.paas.hostname"]) == (
        "fe",
        "0",
        "fe-0",
    )
    assert marks["team"] == "physics"
    assert server.key_name == f"indigo-paas-{deployment}"
    assert server.flavor.original_name == "m1.tiny"
    [volume] = project.connection.block_storage.volumes()
    assert (volume.size, volume.status, volume.attachments[0]["server_id"]) == (3, "in-use", server.id)

    rules = {
        (rule.direction, rule.protocol, rule.port_range_min, rule.remote_ip_prefix, bool(rule.remote_group_id))
        for name in server.security_groups
        for rule in project.connection.network.find_security_group(name["name"]).security_group_rules
        for rule in [project.connection.network.get_security_group_rule(rule["id"])]
    }
    assert ("ingress", "tcp", 80, "192.0.2.0/24", False) in rules
    assert ("ingress", None, None, None, True) in rules
    assert ("ingress", "tcp", 22, "0.0.0.0/0", False) in rules
    assert not any(port == 80 and source != "192.0.2.0/24" for _way, _protocol, port, source, _own in rules)

    again = open_site("cloud", project.options(public_network="public"))
    second = again.ensure_nodes(deployment, groups, public_key=KEY)
    assert not second.changed
    assert second.nodes == result.nodes == again.list_nodes(deployment)

    assert again.describe()["used"]["deployments"][deployment] == {"cpus": 3, "memory": 3 * 1024**3, "nodes": 3}
    assert again.delete_nodes(deployment, dry_run=True) == ["fe-0", "wn-0", "wn-1"]
    assert len(again.list_nodes(deployment)) == 3
    assert again.delete_nodes(deployment) == ["fe-0", "wn-0", "wn-1"]
    assert project.left(deployment) == {}
    assert again.delete_nodes(deployment) == []


def test_groups_grow_and_shrink_with_their_belongings(site, deployment, project):
    def ensure(count, **more):
        wanted = group("wn", count, network={"public": True}, volumes=[{"name": "d", "size": 1}], **more)
        return site.ensure_nodes(deployment, [wanted], public_key=KEY)

    assert ensure(1).changed
    assert ensure(2).created == ["wn-1"]
    smaller = ensure(1, removal_list=["wn-0"])
    assert (smaller.removed, smaller.kept) == (["wn-0"], ["wn-1"])
    left = project.left(deployment)
    assert len(left["servers"]) == len(left["volumes"]) == len(left["floating addresses"]) == 1
    assert not any("wn-0" in name for name in left["volumes"])
    site.ensure_nodes(deployment, [group("fe")], public_key=KEY)
    left = project.left(deployment)
    assert (len(left["servers"]), len(left["security groups"])) == (1, 2)
    assert "volumes" not in left
    assert "floating addresses" not in left


def test_a_dry_run_makes_nothing(site, deployment, project):
    result = site.ensure_nodes(deployment, [group("wn", 2)], public_key=KEY, dry_run=True)
    assert (result.changed, result.created) == (True, ["wn-0", "wn-1"])
    assert project.left(deployment) == {}


def test_a_stopped_node_is_started_and_a_lost_one_made_again(site, deployment, project):
    first = site.ensure_nodes(deployment, [group("wn", 2)], public_key=KEY)
    compute = project.connection.compute
    assert site.power_nodes(deployment, ["wn-0"], running=False) == ["wn-0"]
    assert site.power_nodes(deployment, ["wn-0"], running=True) == ["wn-0"]
    assert site.list_nodes(deployment) == first.nodes
    assert site.power_nodes(deployment, ["wn-0"], running=False) == ["wn-0"]
    assert compute.get_server(first.nodes[0].id).status == "SHUTOFF"
    lost = compute.get_server(first.nodes[1].id)
    compute.delete_server(lost)
    compute.wait_for_delete(lost)
    stopped, *_none = site.list_nodes(deployment)
    assert (stopped.state, stopped.problem) == ("stopped", "It does not run: SHUTOFF.")
    result = site.ensure_nodes(deployment, [group("wn", 2)], public_key=KEY)
    assert (result.created, result.repaired) == (["wn-1"], ["wn-0"])
    assert result.nodes[0] == first.nodes[0]
    assert [node.state for node in result.nodes] == ["running"] * 2


def test_a_changed_port_changes_the_rules_of_nodes_that_are_there(site, deployment, project):
    def ensure(*ports):
        wanted = group(
            "fe", ports=[{"name": str(port), "source": port, "remote_cidr": "192.0.2.0/24"} for port in ports]
        )
        return site.ensure_nodes(deployment, [wanted], public_key=KEY)

    def open_ports():
        found = project.connection.network.find_security_group(f"indigo-paas.{deployment}.fe")
        return {rule["port_range_min"] for rule in found.security_group_rules if rule["direction"] == "ingress"}

    ensure(80)
    assert open_ports() == {80}
    result = ensure(443, 8080)
    assert (result.changed, result.kept) == (True, ["fe-0"])
    assert open_ports() == {443, 8080}
    assert not ensure(443, 8080).changed


def test_the_flavor_may_be_named_and_a_diskless_one_boots_from_a_volume(site, deployment, project):
    size = {"cpus": 1, "memory": 1, "disk": 12 * 1024**3, "instance_type": "v1.diskless"}
    [node] = site.ensure_nodes(deployment, [group(size=size)], public_key=KEY).nodes
    server = server_of(project, node)
    assert server.flavor.original_name == "v1.diskless"
    [volume] = project.connection.block_storage.volumes()
    assert (volume.size, volume.is_bootable) == (12, True)
    site.delete_nodes(deployment)
    assert list(project.connection.block_storage.volumes()) == []


def test_a_network_of_its_own_is_made_with_a_router(deployment, project):
    options = project.options(private_network=None, public_network="public", create_networks=True)
    site = open_site("cloud", options)
    wanted = group("fe", network={"public": True, "name": "mine"})
    [node] = site.ensure_nodes(deployment, [wanted], public_key=KEY).nodes
    assert node.private_address[0].startswith("192.168.77.")
    assert node.public_address[0].startswith("203.0.113.")
    left = project.left(deployment)
    assert left["networks"] == left["routers"] == [f"indigo-paas.{deployment}.mine"]
    assert not site.ensure_nodes(deployment, [wanted], public_key=KEY).changed


def test_a_template_gives_a_network_its_range_and_nodes_their_addresses(deployment, project):
    def lan(address: str | None) -> dict[str, object]:
        network = {"name": "the lan", "cidr": "10.231.77.0/24", "gateway": "10.231.77.254", "address": address}
        return {"networks": [network]}

    site = open_site("cloud", project.options())
    groups = [group("fe", **lan("10.231.77.9")), group("wn", 2, **lan(None)), group("out")]
    nodes = site.ensure_nodes(deployment, groups, public_key=KEY).nodes
    own = [[each for each in node.private_address if each.startswith("10.231.77.")] for node in nodes]
    assert [len(each) for each in own] == [1, 0, 1, 1]
    assert own[0] == ["10.231.77.9"]
    assert all(node.private_address[0].startswith("10.78.") for node in nodes)
    [network] = [each for each in project.connection.network.networks() if each.name.endswith(".own.the lan")]
    [subnet] = project.connection.network.subnets(network_id=network.id)
    assert (subnet.cidr, subnet.gateway_ip) == ("10.231.77.0/24", "10.231.77.254")
    again = site.ensure_nodes(deployment, groups, public_key=KEY)
    assert not again.changed
    site.delete_nodes(deployment)
    assert not any(project.left(deployment).values())


def test_a_second_network_gives_public_addresses(deployment, project):
    site = open_site("cloud", project.options(public_network="provider"))
    [node] = site.ensure_nodes(deployment, [group(network={"public": True})], public_key=KEY).nodes
    assert node.private_address[0].startswith("10.78.")
    assert node.public_address[0].startswith("10.77.")


def test_a_preemptible_node_is_asked_for_in_the_clouds_words(deployment, project):
    words = {"extra_specs": {"preemptible": True}, "metadata": {"spot": "yes"}, "scheduler_hints": {"spot": "yes"}}
    wanted = [group("spot", size={"cpus": 1, "memory": 1, "preemptible": True}), group("firm")]
    site = open_site("cloud", project.options(preemptible=words))
    result = site.ensure_nodes(deployment, wanted, public_key=KEY)
    firm, spot = (server_of(project, node) for node in result.nodes)
    assert (spot.flavor.original_name, spot.metadata.get("spot")) == ("s1.spot", "yes")
    assert (firm.flavor.original_name, firm.metadata.get("spot")) == ("m1.tiny", None)
    assert result.warnings == []
    plain = open_site("cloud", project.options())
    [warning] = plain.ensure_nodes(f"{deployment}-2", wanted, public_key=KEY, dry_run=True).warnings
    assert "Node spot-0 is made as one that stays" in warning


def test_nodes_are_kept_apart_where_that_is_asked(deployment, project):
    site = open_site("cloud", project.options(anti_affinity="soft"))
    site.ensure_nodes(deployment, [group("wn", 2)], public_key=KEY)
    [found] = [each for each in project.connection.compute.server_groups() if deployment in each.name]
    assert len(found.member_ids) == 2


def test_hard_anti_affinity_that_cannot_be_kept_is_explained(deployment, project):
    site = open_site("cloud", project.options(anti_affinity="hard", replacements=0, availability_zone="fake"))
    # Which of the two is said depends on how the two requests overtake each other.
    with pytest.raises(SiteError, match="is in error: (No valid host was found|Exceeded maximum number of retries)"):
        site.ensure_nodes(deployment, [group("wn", 2)], public_key=KEY)


@pytest.mark.parametrize(
    ("options", "wanted", "problem"),
    [
        ({"private_network": "privat"}, {}, "no network called 'privat'. Did you mean 'private'?"),
        ({"private_network": None}, {}, "3 networks for nodes, and none is chosen. Set site_private_network to one of"),
        ({"public_network": "x"}, {"network": {"public": True}}, "no network 'x' for public addresses"),
        (
            {},
            {"image": {"image": "debian-1"}},
            "no image for 'wn', which asks for image debian-1. Did you mean 'debian-1",
        ),
        ({}, {"size": {"cpus": 99, "memory": 1}}, "No flavor holds a node of 'wn', which asks for 99 CPUs"),
        ({}, {"ports": [{"name": "p"}]}, "The port 'p' of 'wn': it has neither target nor source"),
        ({}, {"count": 2, "volumes": [{"name": "v", "volume_id": "x"}]}, "2 nodes of 'wn' cannot all have the volume"),
        ({}, {"volumes": [{"name": "v", "volume_id": "x"}]}, "'cloud' offers no volume 'x'"),
        ({"volumes": ["y"]}, {"volumes": [{"name": "v", "snapshot_id": "x"}]}, "'cloud' offers no snapshot 'x'"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_made(deployment, project, options, wanted, problem):
    site = open_site("cloud", project.options(**options))
    with pytest.raises(SiteError) as caught:
        site.ensure_nodes(deployment, [group(**wanted)], public_key=KEY)
    assert problem in str(caught.value)
    assert caught.value.bad_input
    assert project.left(deployment) == {}


def test_the_quota_is_looked_at_before_anything_is_made(openstack_cloud: OpenStackCloud):
    small = openstack_cloud.project(instances=3, cores=2, ram=10000)
    site = open_site("cloud", small.options())
    with pytest.raises(SiteError) as caught:
        site.ensure_nodes("too-large", [group("wn", 4)], public_key=KEY)
    assert "asks for 4 nodes more; the project's quota of 3 has 3 nodes left" in str(caught.value)
    assert "asks for 4 CPUs more; the project's quota of 2 has 2 CPUs left" in str(caught.value)
    assert small.left("too-large") == {}
    description = site.describe()
    assert (description["capacity"]["nodes"], description["capacity"]["cpus"]) == (3, 2)


def test_a_quota_that_ends_halfway_is_told_and_nothing_is_orphaned(openstack_cloud: OpenStackCloud):
    project = openstack_cloud.project(instances=20, cores=20)
    # Of several requests at once the cloud may take too many, and puts them in error.
    site = open_site("cloud", project.options(parallel=1))

    def shrink(_line: str) -> None:
        openstack_cloud.set_quotas(project.id, instances=2)

    with pytest.raises(
        SiteError, match="Making a server at site 'cloud' failed: Quota exceeded for instances"
    ) as caught:
        site.ensure_nodes("half", [group("wn", 3)], public_key=KEY, progress=shrink)
    assert not caught.value.bad_input
    assert len(caught.value.problems) < 4
    assert len(site.list_nodes("half")) == 2
    openstack_cloud.set_quotas(project.id, instances=20)
    assert len(site.ensure_nodes("half", [group("wn", 3)], public_key=KEY).nodes) == 3
    site.delete_nodes("half")
    assert project.left("half") == {}


def test_servers_in_error_are_replaced_within_a_budget_and_then_explained(deployment, project):
    said: list[str] = []
    site = open_site("cloud", project.options(availability_zone="broken", replacements=1))
    with pytest.raises(SiteError) as caught:
        site.ensure_nodes(deployment, [group()], public_key=KEY, progress=said.append)
    assert f"Server {deployment}.wn-0 is in error: " in str(caught.value)
    assert "No more servers in error are replaced" in str(caught.value)
    assert len([line for line in said if "made anew" in line]) == 1
    assert len(project.left(deployment)["servers"]) == 1


def test_one_server_in_error_costs_no_deployment(deployment, project, compute_proxy: Proxy):
    first = [True]

    def break_one(request):
        if creates_server(request) and first.pop() if first else False:
            request.body = request.body.replace(b'"availability_zone": "fake"', b'"availability_zone": "broken"')

    compute_proxy.rule = break_one
    site = open_site("cloud", through(compute_proxy, project, availability_zone="fake"))
    result = site.ensure_nodes(deployment, [group("wn", 2)], public_key=KEY)
    assert [node.state for node in result.nodes] == ["running"] * 2
    assert sum(creates_server(request) for request in compute_proxy.requests) == 3


def through(proxy: Proxy, project: Project, **more: Any) -> dict[str, Any]:
    """Return the options of a site whose compute service is behind PROXY."""
    return project.options(clouds_file=str(project.behind(compute_endpoint_override=f"{proxy.url}/v2.1")), **more)


def give_a_disk(project: Project, name: str) -> None:
    """Do what a hypervisor does for an image of a server, which virtual servers have none for: upload a disk."""
    service = project.connection.image
    deadline = time.monotonic() + 60
    while not (found := [image for image in service.images(name=name) if image.status == "queued"]):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    image = service.update_image(found[0], disk_format="raw", container_format="bare")
    answer = service.put(f"/images/{image.id}/file", data=b"disk", headers={"Content-Type": "application/octet-stream"})
    assert answer.status_code == 204, answer.text


def test_an_image_is_made_of_a_server_and_others_start_from_it(site, deployment, project):
    base = site.image_base(WantedImage())
    assert base.distribution == "debian-12"
    services = {"indigo.paas.htcondor": "1" * 21, **{f"own.lab.service_{number}": "2" * 21 for number in range(9)}}
    image = new_image(base.distribution, services, base.name, datetime.datetime.now(datetime.UTC))
    [node] = site.ensure_nodes(deployment, [group("builder")], public_key=KEY).nodes
    hypervisor = threading.Thread(target=give_a_disk, args=[project, image.name])
    hypervisor.start()
    site.keep_image(node, image)
    hypervisor.join()
    assert server_of(project, node).status == "SHUTOFF"
    [kept] = site.prepared_images()
    assert (kept.name, kept.services, kept.base, kept.made) == (image.name, services, base.name, image.made)
    # No node gets it that asks for an image, and none of another project at all.
    assert image.name not in {found["name"] for found in site.describe()["images"]}
    site.services = {"wn": services}
    said: list[str] = []
    [started] = site.ensure_nodes(deployment, [group("wn")], public_key=KEY, progress=said.append).nodes
    assert server_of(project, started).image.id == kept.id
    assert any(f"from the prepared image {image.name}" in line for line in said)
    with pytest.raises(SiteError, match="run from"):
        site.delete_image(image.name)
    site.delete_nodes(deployment)
    assert [gone.id for gone in site.delete_image(image.name)] == [kept.id]
    assert site.prepared_images() == []
