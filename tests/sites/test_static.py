# SPDX-License-Identifier: Apache-2.0
"""The static site on real hosts: containers of the local engine, reached over SSH like any machine."""

from __future__ import annotations

import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
import pytest

from ansible_collections.indigo.paas.plugins.module_utils import leases, ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.brokering import candidates
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.sites import describe_sites, open_site
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Node, Site
from tests.sites.conftest import NUMBERS, Key, group

pytestmark = pytest.mark.engine

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOSTS = ("one", "two", "three")


class Farm:
    """Three hosts that an operator has, with his key and his list of host keys."""

    def __init__(self, nodes: list[Node], operator: Key) -> None:
        self.nodes = dict(zip(HOSTS, nodes, strict=True))
        self.operator = operator
        self.known_hosts = operator.path.with_name("farm_hosts")
        self.known_hosts.write_text(ssh_keys.known_hosts([node.to_dict() for node in nodes]))

    def options(self, **more: Any) -> dict[str, Any]:
        hosts = [{"name": name, "address": node.ansible_host, "cpus": 2} for name, node in self.nodes.items()]
        hosts[0]["cpus"] = 4
        return {
            "type": "static",
            "hosts": hosts,
            "key": str(self.operator.path),
            "known_hosts": str(self.known_hosts),
            **more,
        }

    def site(self, **more: Any) -> Site:
        return open_site("farm", self.options(**more))

    def on(self, name: str, command: str) -> str:
        return self.operator.output(self.nodes[name], command)

    def container(self, name: str) -> Any:
        return docker.from_env().containers.get(self.nodes[name].id)

    def leases(self) -> dict[str, str]:
        """Return who has which host, as the hosts say."""
        said = {name: self.on(name, f"cat {leases.LEASE} 2>/dev/null || true") for name in self.nodes}
        return {name: json.loads(text)["deployment"] for name, text in said.items() if text}


@pytest.fixture(scope="session")
def farm(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    name = f"test-farm-{os.getpid()}"
    operator = Key(tmp_path_factory.mktemp("operator"))
    try:
        yield Farm(site.ensure_nodes(name, [group("host", 3)], public_key=operator.public).nodes, operator)
    finally:
        site.delete_nodes(name)


@pytest.fixture
def lease(farm: Farm) -> Iterator[str]:
    """The name of a deployment whose hosts are given back after the test."""
    name = f"test-lease-{os.getpid()}-{next(NUMBERS)}"
    yield name
    farm.site().delete_nodes(name)
    assert name not in farm.leases().values()


def test_hosts_become_nodes_that_the_deployments_key_opens(farm, lease, key):
    result = farm.site().ensure_nodes(lease, [group("fe"), group("wn", 2)], public_key=key.public)
    assert (result.changed, result.created) == (True, ["fe-0", "wn-0", "wn-1"])
    assert {node.state for node in result.nodes} == {"running"}
    assert len({node.ansible_host for node in result.nodes}) == 3
    assert [key.output(node, "id -un") for node in result.nodes] == ["root"] * 3
    assert [node.private_address for node in result.nodes] == [[node.ansible_host] for node in result.nodes]
    assert set(farm.leases().values()) == {lease}
    assert farm.on("one", f"stat -c '%U %a' {leases.LEASE}") == "root 600"


def test_another_controller_finds_the_same_nodes(farm, lease, key):
    made = farm.site().ensure_nodes(lease, [group("wn", 2)], public_key=key.public).nodes
    assert farm.site().list_nodes(lease) == made
    assert farm.site().list_nodes("another") == []


def test_a_second_run_changes_nothing(farm, lease, key):
    first = farm.site().ensure_nodes(lease, [group("wn", 2)], public_key=key.public)
    again = farm.site().ensure_nodes(lease, [group("wn", 2)], public_key=key.public)
    assert (again.changed, again.kept, again.nodes) == (False, ["wn-0", "wn-1"], first.nodes)


def test_hosts_are_not_switched_off(farm, lease, key):
    farm.site().ensure_nodes(lease, [group("wn")], public_key=key.public)
    with pytest.raises(SiteError, match="cannot be started or stopped: it is of the type static"):
        farm.site().power_nodes(lease, ["wn-0"], running=False)


def test_a_dry_run_tells_and_does_nothing(farm, lease, key):
    foretold = farm.site().ensure_nodes(lease, [group("wn", 2)], public_key=key.public, dry_run=True)
    assert (foretold.changed, foretold.created) == (True, ["wn-0", "wn-1"])
    assert farm.leases() == {}
    farm.site().ensure_nodes(lease, [group("wn", 2)], public_key=key.public)
    smaller = farm.site().ensure_nodes(lease, [group("wn", 1)], public_key=key.public, dry_run=True)
    assert (smaller.removed, smaller.kept) == (["wn-1"], ["wn-0"])
    assert farm.site().delete_nodes(lease, dry_run=True) == ["wn-0", "wn-1"]
    assert len(farm.leases()) == 2


def test_small_nodes_leave_the_large_host_free(farm, lease, key):
    site = farm.site()
    (small,) = site.ensure_nodes(lease, [group("wn")], public_key=key.public).nodes
    assert small.id != "one"
    both = [group("wn"), group("big", size={"cpus": 4, "memory": 1})]
    assert [node.id for node in site.ensure_nodes(lease, both, public_key=key.public).nodes] == ["one", small.id]


def test_groups_shrink_and_what_is_given_back_is_closed(farm, lease, key):
    site = farm.site()
    nodes = site.ensure_nodes(lease, [group("wn", 3)], public_key=key.public).nodes
    result = site.ensure_nodes(lease, [group("wn", 2, removal_list=["wn-1"])], public_key=key.public)
    assert (result.removed, [node.name for node in result.nodes]) == (["wn-1"], ["wn-0", "wn-2"])
    assert "Permission denied" in key.ssh(nodes[1], "true").stderr
    assert farm.on(nodes[1].id, "ls -A /etc/indigo-paas") == "lock"
    assert key.output(nodes[0], "echo open") == "open"


def test_two_deployments_are_never_on_one_host(farm, lease, key):
    other = f"{lease}-b"
    site = farm.site()
    try:
        site.ensure_nodes(lease, [group("wn", 2)], public_key=key.public)
        with pytest.raises(SiteError, match="2 nodes in all; it has 1 nodes free. Add hosts to site_hosts") as caught:
            farm.site().ensure_nodes(other, [group("wn", 2)], public_key=key.public)
        assert caught.value.bad_input
        site.ensure_nodes(other, [group("wn", 1)], public_key=key.public)
        assert sorted(farm.leases().values()) == [lease, lease, other]
        assert site.delete_nodes(other) == ["wn-0"]
        assert sorted(farm.leases().values()) == [lease, lease]
    finally:
        site.delete_nodes(other)


@pytest.fixture
def race(farm, lease, key):
    """Let deployments compete at the same moment, each from a controller of its own.

    Returns by deployment the hosts of its nodes, or the error that it ended with. Whatever the race was, no host lets
    in the key of a deployment that has not got it.
    """
    names: list[str] = []

    def compete(count: int, nodes: int) -> dict[str, Any]:
        names.extend(f"{lease}-{number}" for number in range(count))
        sites = {name: farm.site() for name in names}
        start = threading.Barrier(count)

        def ask(name: str) -> Any:
            start.wait()
            try:
                return {
                    node.id
                    for node in sites[name].ensure_nodes(name, [group("wn", nodes)], public_key=key.public).nodes
                }
            except SiteError as error:
                return error

        with ThreadPoolExecutor(count) as pool:
            outcomes = dict(zip(names, pool.map(ask, names), strict=True))
        owners = farm.leases()
        for host in HOSTS:
            let_in = re.findall(r"indigo-paas:(\S+)", farm.on(host, "cat /root/.ssh/authorized_keys"))
            assert set(let_in) <= {owners.get(host)}
        for name, outcome in outcomes.items():
            if isinstance(outcome, set):
                assert outcome == {host for host, owner in owners.items() if owner == name}
        return outcomes

    yield compete
    for name in names:
        farm.site().delete_nodes(name)


def won(outcomes: dict[str, Any]) -> list[set[str]]:
    return [outcome for outcome in outcomes.values() if isinstance(outcome, set)]


def lost(outcomes: dict[str, Any]) -> list[str]:
    return [str(outcome) for outcome in outcomes.values() if isinstance(outcome, SiteError)]


def test_of_controllers_that_want_a_host_each_as_many_get_one_as_there_are(race):
    outcomes = race(count=5, nodes=1)
    assert sorted(next(iter(hosts)) for hosts in won(outcomes)) == sorted(HOSTS)
    assert len(lost(outcomes)) == 2
    assert all("no host left" in told or "nodes free" in told for told in lost(outcomes))


@pytest.mark.parametrize("_again", range(2))
def test_controllers_that_want_more_than_there_is_never_share_a_host(race, _again):
    outcomes = race(count=4, nodes=2)
    assert len(won(outcomes)) <= 1
    assert all(len(hosts) == 2 for hosts in won(outcomes))
    assert all("no host left" in told or "nodes free" in told for told in lost(outcomes))


def test_a_host_that_was_taken_meanwhile_is_given_up_for_another(farm, lease, key, monkeypatch):
    other = f"{lease}-b"
    stale = farm.site()._survey()
    for name in ("two", "three"):
        taken = leases.lease_script(leases.new_lease(other, "wn", 0, "wn-0", False))
        assert stale.hosts[name].machine.run(taken).code == 0
    site = farm.site()
    fresh = site._survey
    answers = iter([stale, stale])
    monkeypatch.setattr(site, "_survey", lambda: next(answers, None) or fresh())
    try:
        site.ensure_nodes(lease, [group("wn")], public_key=key.public)
        assert farm.leases() == {"one": lease, "two": other, "three": other}
    finally:
        farm.site().delete_nodes(other)


def test_a_lease_whose_key_was_not_written_is_finished(farm, lease, key):
    host = farm.site()._survey().hosts["two"]
    assert host.machine.run(leases.lease_script(leases.new_lease(lease, "wn", 0, "wn-0", False))).code == 0
    (found,) = farm.site().list_nodes(lease)
    assert (found.state, found.problem) == ("unfinished", "Its lease was not finished.")
    result = farm.site().ensure_nodes(lease, [group("wn")], public_key=key.public)
    assert (result.repaired, result.created) == (["wn-0"], [])
    assert key.output(result.nodes[0], "echo open") == "open"


ENSURE = textwrap.dedent(
    """
    import json, sys
    from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site

    options, deployment, public_key, groups = map(json.loads, sys.argv[1:])
    site = open_site("farm", options)
    print("begun", flush=True)
    site.ensure_nodes(deployment, groups, public_key=public_key)
    """
)


@pytest.mark.parametrize("delay", [0.2, 0.5, 0.8, 1.2])
def test_a_run_that_is_killed_can_be_repeated(farm, lease, key, delay):
    groups = [group("fe"), group("wn", 2)]
    arguments = [json.dumps(argument) for argument in (farm.options(), lease, key.public, groups)]
    process = subprocess.Popen(
        [sys.executable, "-c", ENSURE, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "collections")},
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()
    time.sleep(delay * random.uniform(0.7, 1.3))
    process.send_signal(signal.SIGKILL)
    process.wait()
    result = farm.site().ensure_nodes(lease, groups, public_key=key.public)
    assert [node.name for node in result.nodes] == ["fe-0", "wn-0", "wn-1"]
    assert [key.output(node, "echo open") for node in result.nodes] == ["open"] * 3
    assert not farm.site().ensure_nodes(lease, groups, public_key=key.public).changed


def test_another_key_is_let_in_besides_the_first(farm, lease, key, tmp_path):
    farm.site().ensure_nodes(lease, [group()], public_key=key.public)
    (tmp_path / "other").mkdir()
    other = Key(tmp_path / "other")
    result = farm.site().ensure_nodes(lease, [group()], public_key=other.public)
    assert (result.changed, result.repaired) == (True, ["wn-0"])
    for who in (key, other):
        assert who.output(result.nodes[0], "echo open") == "open"
    farm.site().delete_nodes(lease)
    assert farm.on(result.nodes[0].id, "wc -l </root/.ssh/authorized_keys") == "1"


UNIT = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"


def test_services_of_the_deployment_end_with_the_lease_and_others_stay(farm, lease, key):
    (node,) = farm.site().ensure_nodes(lease, [group()], public_key=key.public).nodes
    key.output(node, f"printf '{UNIT}' >/etc/systemd/system/served.service && systemctl enable --now -q served")
    farm.site().delete_nodes(lease)
    assert farm.on(node.id, "systemctl is-enabled served; systemctl is-active served || true").split() == [
        "disabled",
        "inactive",
    ]
    assert farm.on(node.id, "systemctl is-active ssh") == "active"
    kept = farm.site(clean="nothing")
    kept.ensure_nodes(lease, [group()], public_key=key.public)
    farm.on(node.id, "systemctl enable --now -q served")
    kept.delete_nodes(lease)
    assert farm.on(node.id, "systemctl is-active served; systemctl disable --now -q served") == "active"


def test_the_operators_own_cleaning_comes_before_the_end_of_the_lease(farm, lease, key):
    failing = farm.site(release_command="echo about to fail; false; touch /root/went-on")
    (node,) = failing.ensure_nodes(lease, [group()], public_key=key.public).nodes
    with pytest.raises(SiteError, match="site_release_command failed, and the host stays leased"):
        failing.delete_nodes(lease)
    assert farm.leases() == {node.id: lease}
    farm.site(release_command='echo "it\'s clean" >/root/cleaned').delete_nodes(lease)
    assert farm.on(node.id, "cat /root/cleaned; ls /root/went-on 2>&1 || true").startswith("it's clean")
    assert farm.leases() == {}


def test_half_gone_is_success(farm, lease, key):
    nodes = farm.site().ensure_nodes(lease, [group("wn", 2)], public_key=key.public).nodes
    farm.on(nodes[0].id, f"rm {leases.LEASE}")
    assert farm.site().delete_nodes(lease) == ["wn-1"]
    assert farm.site().delete_nodes(lease) == []
    # The key of a lease that was removed by hand goes with the next lease that is given back, of the same name.
    farm.on(nodes[0].id, f"sed -i '/indigo-paas:{lease}$/d' /root/.ssh/authorized_keys")


def test_a_host_that_does_not_answer_is_told_and_not_counted(farm, lease, key):
    site = farm.site()
    nodes = site.ensure_nodes(lease, [group("wn", 2)], public_key=key.public).nodes
    down = farm.container(nodes[0].id)
    down.pause()
    try:
        description = site.describe()
        assert description["capacity"]["nodes"] == 2
        assert len(description["warnings"]) == 1
        assert description["warnings"][0].startswith(f"Host {nodes[0].id} ")
        assert [node.name for node in site.list_nodes(lease)] == ["wn-1"]
        with pytest.raises(SiteError, match="Whether it is leased to .* is not known. Run this again") as caught:
            site.delete_nodes(lease)
        assert not caught.value.bad_input
    finally:
        down.unpause()
    assert farm.leases() == {nodes[0].id: lease}
    assert site.delete_nodes(lease) == ["wn-0"]


def test_what_stands_in_the_way_of_a_host_is_told(farm, tmp_path):
    def problem(**more: Any) -> str:
        return farm.site(**more).describe()["problem"]

    assert "Host key verification failed" in problem(known_hosts=str(tmp_path / "nothing"))
    assert "set site_accept_new_host_keys to true" in problem(known_hosts=str(tmp_path / "nothing"))
    (tmp_path / "stranger").mkdir()
    assert "Permission denied" in problem(key=str(Key(tmp_path / "stranger").path))
    assert "Put the public key into" in problem(key=str(tmp_path / "stranger/ssh_key"))
    accepted = farm.site(known_hosts=str(tmp_path / "learned"), accept_new_host_keys=True)
    assert accepted.describe()["available"]
    assert len((tmp_path / "learned").read_text().splitlines()) == 3


def test_an_ordinary_user_needs_sudo(farm):
    farm.on("two", "id worker >/dev/null 2>&1 || useradd -m -s /bin/sh worker")
    farm.on(
        "two", "mkdir -p ~worker/.ssh && cp /root/.ssh/authorized_keys ~worker/.ssh/ && chown -R worker ~worker/.ssh"
    )
    options = farm.options()
    options["hosts"] = [{**options["hosts"][1], "user": "worker"}]
    farm.on("two", "rm -f /etc/sudoers.d/worker")
    assert "worker may not become root" in open_site("farm", options).describe()["problem"]
    farm.on("two", "echo 'worker ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/worker")
    assert open_site("farm", options).describe()["available"]


def test_root_must_be_let_in(farm, lease, key):
    options = farm.options()
    farm.on("three", "echo 'PermitRootLogin no' >/etc/ssh/sshd_config.d/00-no.conf")
    try:
        description = farm.site().describe()
        assert description["capacity"]["nodes"] == 2
        assert "set PermitRootLogin prohibit-password" in description["warnings"][0]
    finally:
        farm.on("three", "rm /etc/ssh/sshd_config.d/00-no.conf")
    assert len(options["hosts"]) == 3


def test_a_lease_that_cannot_be_read_keeps_the_host_out(farm):
    farm.on("three", f"mkdir -p /etc/indigo-paas && echo '{{' >{leases.LEASE}")
    try:
        description = farm.site().describe()
        assert [machine["name"] for machine in description["machines"]] == ["one", "two"]
        assert f"{leases.LEASE} on it cannot be read" in description["warnings"][0]
    finally:
        farm.on("three", f"rm {leases.LEASE}")


def test_the_site_is_described_and_ranked_by_its_hosts(farm, lease, key):
    farm.site().ensure_nodes(lease, [group("wn", 1)], public_key=key.public)
    (description,) = describe_sites({"farm": farm.options(price=0.5)})
    assert description["capacity"]["nodes"] == 3
    assert description["capacity"]["cpus"] == 8
    assert description["largest_node"]["cpus"] == 4
    assert description["used"]["deployments"][lease]["nodes"] == 1
    (image,) = description["images"]
    assert (image["distribution"], image["version"], image["codename"]) == ("debian", "13", "trixie")
    farm.site().delete_nodes(lease)
    farm.site().ensure_nodes(lease, [group("big", size={"cpus": 4, "memory": 1})], public_key=key.public)
    (description,) = describe_sites({"farm": farm.options()})
    (candidate,) = candidates({"groups": [group("wn", 1, size={"cpus": 4, "memory": 1})]}, [description])
    assert candidate["reasons"] == [
        "Its free machines are too small, or have other images, for 1 of the nodes of 'wn'."
    ]


def test_without_hosts_it_says_where_to_list_them():
    assert "List them in site_hosts" in open_site("farm", {"type": "static"}).describe()["problem"]


@pytest.mark.skipif(os.geteuid() != 0, reason="this machine can be a node for root only")
def test_this_machine_is_a_node_of_one_host(lease, key, monkeypatch, tmp_path):
    for name in ("DIRECTORY", "LEASE"):
        monkeypatch.setattr(leases, name, getattr(leases, name))
    site = open_site("here", {"type": "static", "hosts": [{"name": "here", "connection": "local", "cpus": 2}]})
    if site.describe()["used"]["nodes"]:
        pytest.fail(f"This machine is leased: look into {leases.LEASE}")
    try:
        (node,) = site.ensure_nodes(lease, [group()], public_key=key.public).nodes
        assert (node.ansible_connection, node.state) == ("local", "running")
        assert node.private_address
        with pytest.raises(SiteError, match="asks for 2 nodes in all; it has 1 nodes free"):
            site.ensure_nodes(lease, [group("wn", 2)], public_key=key.public)
    finally:
        assert site.delete_nodes(lease) == ["wn-0"]
