# SPDX-License-Identifier: Apache-2.0
"""The life of one HTCondor pool, through the command: one pool, one test a chapter, in this order."""

from __future__ import annotations

import contextlib
import json
import time

import docker
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NAME = "test-pool"
TEMPLATE = "examples/htcondor_pool.yaml"


@pytest.fixture(scope="module")
def indigo(tmp_path_factory, run):
    from tests.conftest import Command

    command = Command(tmp_path_factory.mktemp("pool") / "home", run)
    yield command
    command("destroy", NAME, "--yes", status=None)


@pytest.fixture(scope="module")
def pool(indigo):
    return indigo.json("deploy", TEMPLATE, "--name", NAME)


def containers() -> dict[str, str]:
    """Return the ids of the pool's containers by node name."""
    engine = docker.from_env()
    found = engine.containers.list(all=True, filters={"label": f"indigo.paas.deployment={NAME}"})
    return {container.labels["indigo.paas.hostname"]: container.id for container in found}


def on_node(node: str, command: str) -> str:
    status, output = docker.from_env().containers.get(containers()[node]).exec_run(["sh", "-c", command])
    assert status == 0, output.decode()
    return output.decode()


def front_end(pool) -> str:
    return next(node["name"] for node in pool["nodes"] if node["group"] == "fe_server")


def workers() -> list[str]:
    return sorted(name for name in containers() if name.startswith("wn"))


def condor_started(node: str) -> str:
    return on_node(node, "systemctl show condor --property=ActiveEnterTimestampMonotonic")


def submit(node: str, submit_description: str) -> str:
    """Submit a job as the role's ordinary user; return its cluster number."""
    on_node(node, f"cat > /tmp/job.sub <<'EOF'\n{submit_description}\nEOF")
    return on_node(node, "runuser -u htcondor-check -- condor_submit -terse /tmp/job.sub").split(".")[0].strip()


def test_deploy_says_what_it_made(pool):
    assert pool["name"] == NAME
    assert pool["status"] == "CREATE_COMPLETE"
    assert pool["site"] == "local"
    assert len(pool["nodes"]) == 3
    assert pool["changed"] > 0
    assert pool["seconds"]
    assert all(value is not None for value in pool["outputs"].values())


def test_outputs_are_addresses_of_the_nodes(indigo, pool):
    addresses = {address for node in pool["nodes"] for address in node["private_address"]}
    assert set(indigo.json("outputs", NAME)) == set(pool["outputs"])
    assert any(address in json.dumps(pool["outputs"]) for address in addresses)


def test_a_job_of_an_ordinary_user_runs_on_a_worker(pool):
    node = front_end(pool)
    cluster = submit(
        node,
        "executable=/bin/hostname\ntransfer_executable=false\noutput=/tmp/out.$(Cluster)\nlog=/tmp/log.$(Cluster)\n"
        "should_transfer_files=YES\nwhen_to_transfer_output=ON_EXIT\nrequest_memory=32\nrequest_disk=1M\nqueue",
    )
    on_node(node, f"condor_wait -wait 120 /tmp/log.{cluster}")
    assert on_node(node, f"cat /tmp/out.{cluster}").strip().split(".")[0] in workers()


def test_second_deploy_changes_nothing(indigo, pool):
    before = containers()
    again = indigo.json("deploy", TEMPLATE, "--name", NAME)
    assert again["changed"] == 0
    assert containers() == before


def test_ssh_and_inventory_reach_the_nodes(indigo, run, pool):
    assert indigo("ssh", NAME, "--", "hostname").stdout.strip() == front_end(pool)
    source = indigo("inventory", NAME).stdout.strip()
    done = run("ansible", "-i", source, "paas_nodes", "-m", "ansible.builtin.ping")
    assert done.stdout.count("SUCCESS") == 3


def test_second_command_is_refused_and_names_the_first(indigo, pool):
    first = indigo.start("check", NAME)
    try:
        lock, deadline = indigo.home / "deployments" / NAME / "lock", time.monotonic() + 30
        while json.loads(lock.read_text() or "{}").get("pid") != first.pid:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        second = indigo("check", NAME, status=3)
        assert f"check {NAME}" in second.stderr
        assert str(first.pid) in second.stderr
    finally:
        assert first.wait(120) == 0


def test_scale_up_leaves_the_others_alone(indigo, pool):
    before = containers()
    started = {node: condor_started(node) for node in before}
    scaled = indigo.json("scale", NAME, "wn_server=4")
    assert len(scaled["nodes"]) == 5
    after = containers()
    assert {node: after[node] for node in before} == before
    assert {node: condor_started(node) for node in before} == started
    node = front_end(pool)
    for worker in set(workers()) - set(before):
        cluster = submit(
            node,
            f"executable=/bin/true\ntransfer_executable=false\nlog=/tmp/log.$(Cluster)\n"
            f'requirements=regexp("{worker}", Machine)\n'
            "should_transfer_files=YES\nrequest_memory=32\nrequest_disk=1M\nqueue",
        )
        on_node(node, f"condor_wait -wait 120 /tmp/log.{cluster}")


def test_scale_down_lets_a_running_job_finish(indigo, pool):
    node, leaving = front_end(pool), workers()[-1]
    cluster = submit(
        node,
        "executable=/bin/sh\narguments=\"-c 'sleep 25; echo finished'\"\ntransfer_executable=false\n"
        "output=/tmp/out.$(Cluster)\nlog=/tmp/log.$(Cluster)\n"
        f'requirements=regexp("{leaving}", Machine)\n'
        "should_transfer_files=YES\nwhen_to_transfer_output=ON_EXIT\nrequest_memory=32\nrequest_disk=1M\nqueue",
    )
    deadline = time.monotonic() + 60
    while "Job executing" not in on_node(node, f"cat /tmp/log.{cluster}"):
        assert time.monotonic() < deadline
        time.sleep(1)
    scaled = indigo.json("scale", NAME, "wn_server=2")
    assert len(scaled["nodes"]) == 3
    assert leaving not in containers()
    history = on_node(node, f"condor_history {cluster} -af NumJobStarts JobStatus ExitCode")
    assert history.split() == ["1", "4", "0"]
    assert on_node(node, f"cat /tmp/out.{cluster}").strip() == "finished"


def test_check_names_a_node_that_was_killed_and_resume_repairs_it(indigo, pool):
    victim = workers()[0]
    docker.from_env().containers.get(containers()[victim]).remove(force=True)
    checked = indigo("check", NAME, status=1)
    assert victim in checked.stderr
    repaired = indigo.json("resume", NAME)
    assert len(repaired["nodes"]) == 3
    assert victim in containers()
    indigo("check", NAME)


def test_history_tells_what_happened(indigo, pool):
    events = indigo.json("events", NAME)
    assert events
    listed = indigo.json("list")
    assert [row["name"] for row in listed] == [NAME]


def test_nothing_secret_is_readable_by_others(indigo, pool):
    directory = indigo.home / "deployments" / NAME
    modes = {path: path.stat().st_mode & 0o077 for path in [indigo.home, directory, *directory.rglob("*")]}
    assert not [
        str(path)
        for path, mode in modes.items()
        if mode and path.parent in (indigo.home, directory) and path.suffix != ".pub"
    ]
    keys = [path for path in directory.rglob("ssh_key") if path.is_file()]
    assert keys
    key = keys[0].read_text().splitlines()[1]
    said = indigo("show", NAME, "--json").stdout + indigo("events", NAME, "--json").stdout
    assert key not in said


def test_destroy_leaves_nothing(indigo, pool):
    indigo("destroy", NAME, "--yes")
    assert containers() == {}
    engine = docker.from_env()
    assert not engine.networks.list(filters={"label": f"indigo.paas.deployment={NAME}"})
    assert indigo.json("list") == []
    with contextlib.suppress(FileNotFoundError):
        assert not list((indigo.home / "deployments" / NAME).iterdir())
