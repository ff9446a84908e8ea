# SPDX-License-Identifier: Apache-2.0
"""The HTCondor pool on hosts that exist: the same template, and the hosts as they were when it is gone."""

from __future__ import annotations

import json
import time

import docker
import pytest

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.leases import LEASE
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from tests.conftest import Command
from tests.sites.conftest import group

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NAME = "test-static-pool"
NEXT = "test-static-next"
HOSTS = "test-static-hosts"
TEMPLATE = "examples/htcondor_pool.yaml"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """Three machines with an operator's key, and the inventory that describes them."""
    directory = tmp_path_factory.mktemp("hosts")
    site = open_site("local", {"type": "docker"})
    try:
        public = ssh_keys.ensure_key(str(directory / "key"))
        nodes = site.ensure_nodes(HOSTS, [group("host", 3)], public_key=public).nodes
        (directory / "known_hosts").write_text(ssh_keys.known_hosts([node.to_dict() for node in nodes]))
        machines = {node.name: {"ansible_host": node.ansible_host, "node_cpus": 2} for node in nodes}
        farm = {
            "ansible_connection": "local",
            "site_type": "static",
            "site_hosts_group": "machines",
            "site_key": str(directory / "key"),
            "site_known_hosts": str(directory / "known_hosts"),
        }
        inventory = {"paas_sites": {"hosts": {"farm": farm}}, "machines": {"hosts": machines}}
        (directory / "sites.yml").write_text(json.dumps(inventory))
        yield directory / "sites.yml"
    finally:
        site.delete_nodes(HOSTS)


@pytest.fixture(scope="module")
def indigo(tmp_path_factory, run, hosts):
    command = Command(tmp_path_factory.mktemp("pool") / "home", run)
    command.env["INDIGO_PAAS_SITES"] = str(hosts)
    yield command
    for name in (NAME, NEXT):
        command("destroy", name, "--yes", status=None)


@pytest.fixture(scope="module")
def pool(indigo):
    return indigo.json("deploy", TEMPLATE, "--name", NAME)


def machines():
    engine = docker.from_env()
    return engine.containers.list(filters={"label": f"indigo.paas.deployment={HOSTS}"})


def on_hosts(command: str) -> list[str]:
    """Return what COMMAND prints on each host, in no order that means anything."""
    return [run_on(machine, command) for machine in machines()]


def run_on(machine, command: str) -> str:
    return machine.exec_run(["sh", "-c", command]).output.decode().strip()


def leases() -> dict[str, str]:
    """Return the deployments by the node that each has a host as."""
    found = [json.loads(text) for text in on_hosts(f"cat {LEASE} 2>/dev/null") if text]
    return {lease["hostname"]: lease["deployment"] for lease in found}


def host_of(node: str):
    return next(one for one in machines() if f'"{node}"' in run_on(one, f"cat {LEASE}"))


def remains(machine) -> str:
    """Return what of a pool is on MACHINE: processes, files, users, keys."""
    return run_on(
        machine,
        "ps -e -o comm= | grep ^condor_; systemctl is-enabled condor | grep -x enabled; "
        "cd /etc/condor && find config.d tokens.d passwords.d $(condor_config_val SPOOL EXECUTE LOG) "
        "-mindepth 1 ! -name '00-*' ! -name README 2>/dev/null; "
        "getent passwd htcondor-check; ls -d /var/lib/htcondor-check; "
        "grep indigo-paas: /root/.ssh/authorized_keys; ls /etc/indigo-paas | grep -vx lock",
    )


def remains_said(machine) -> list[str]:
    return [line for line in remains(machine).splitlines() if not line.startswith("ls: ")]


def submit(front_end, executable: str) -> None:
    """Submit two jobs of which one has to wait for the other."""
    text = f"executable = /bin/{executable}\narguments = 600\nrequest_cpus = 1\nqueue 4\n"
    said = run_on(front_end, f"cd /tmp && printf '{text}' >job && su -s /bin/sh nobody -c 'condor_submit job' 2>&1")
    assert "4 job(s) submitted" in said


def test_the_pool_serves_on_the_hosts(pool):
    assert (pool["status"], pool["site"]) == ("CREATE_COMPLETE", "farm")
    assert sorted(node["group"] for node in pool["nodes"]) == ["fe_server", "wn_server", "wn_server"]
    assert sorted(leases()) == sorted(node["name"] for node in pool["nodes"])
    assert set(leases().values()) == {NAME}


def test_a_second_deploy_changes_nothing(indigo, pool):
    assert indigo.json("deploy", TEMPLATE, "--name", NAME)["changed"] == 0


def test_a_worker_that_leaves_is_drained_cleaned_and_its_host_is_free(indigo, pool):
    scaled = indigo.json("scale", NAME, "wn_server=1")
    assert len(scaled["nodes"]) == 2
    assert len(leases()) == 2
    (free,) = [machine for machine in machines() if not run_on(machine, f"cat {LEASE} 2>/dev/null")]
    assert remains_said(free) == []
    indigo("check", NAME)


def test_destroy_ends_the_work_and_gives_clean_hosts_back(indigo, pool):
    (front_end,) = [node["name"] for node in pool["nodes"] if node["group"] == "fe_server"]
    submit(host_of(front_end), "sleep")
    started = time.monotonic()
    indigo("destroy", NAME, "--yes")
    assert time.monotonic() - started < 120
    assert leases() == {}
    assert [remains_said(machine) for machine in machines()] == [[], [], []]


@pytest.fixture(scope="module")
def another(indigo, pool):
    """The same hosts, leased by another deployment."""
    return indigo.json("deploy", TEMPLATE, "--name", NEXT)


def test_the_hosts_serve_another_deployment(indigo, another):
    assert another["status"] == "CREATE_COMPLETE"
    indigo("check", NEXT)
    (front_end,) = [node["name"] for node in another["nodes"] if node["group"] == "fe_server"]
    assert run_on(host_of(front_end), "condor_q -allusers -autoformat ClusterId") == ""


def test_a_machine_that_cannot_be_cleaned_is_kept_with_the_others(indigo, another):
    broken = host_of(another["nodes"][-1]["name"])
    run_on(broken, "mv /usr/bin/python3 /usr/bin/python3.away")
    try:
        refused = indigo("destroy", NEXT, "--yes", status=1)
    finally:
        run_on(broken, "mv /usr/bin/python3.away /usr/bin/python3")
    assert another["nodes"][-1]["name"] in refused.stderr + refused.stdout
    assert "--force" in refused.stderr + refused.stdout
    assert len(leases()) == 3


def test_a_silent_machine_is_told_and_the_others_are_given_back(indigo, another):
    silent = host_of(another["nodes"][-1]["name"])
    silent.pause()
    try:
        refused = indigo("destroy", NEXT, "--yes", status=1)
        assert "is not known" in refused.stderr + refused.stdout
        assert "--force" in refused.stderr + refused.stdout
        free = [machine for machine in machines() if machine.id != silent.id]
        assert [run_on(machine, f"cat {LEASE} 2>/dev/null") for machine in free if machine.status == "running"] == [
            ""
        ] * 2
        forced = indigo("destroy", NEXT, "--yes", "--force")
        assert "is not known" in forced.stderr + forced.stdout
        assert indigo.json("list") == []
    finally:
        silent.unpause()
    assert list(leases().values()) == [NEXT]
