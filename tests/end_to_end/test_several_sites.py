# SPDX-License-Identifier: Apache-2.0
"""One deployment over several sites, and what happens when a site fails. Every site is a real one."""

from __future__ import annotations

import json

import docker
import pytest

from tests.conftest import Command
from tests.end_to_end.existing_hosts import existing_hosts

pytestmark = [pytest.mark.engine, pytest.mark.slow]

POOL = "examples/htcondor_pool.yaml"
SPREAD = "test-spread"
MOVED = "test-moved"
HOSTS = "test-several-hosts"
NODE = """
tosca_definitions_version: tosca_simple_yaml_1_0
topology_template:
  node_templates:
    server:
      type: tosca.nodes.indigo.Compute
  outputs:
    address: {value: {get_attribute: [server, private_address, 0]}}
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Two joined sites of existing hosts, and an engine whose images ask for a package that there is not."""
    directory = tmp_path_factory.mktemp("hosts")
    with existing_hosts(directory, HOSTS, bari=2, padova=1) as sites:
        for site in sites.values():
            site["site_fabric"] = "lan"
        broken = {
            "ansible_connection": "local",
            "site_type": "docker",
            "site_priority": 9,
            "site_images": [
                {"distribution": "debian", "version": "13", "name": "broken", "packages": ["there-is-no-such-package"]}
            ],
        }
        yield {**sites, "broken": broken}


@pytest.fixture(scope="module")
def command(tmp_path_factory, run, places):
    """Return the command for some of the places."""
    home = tmp_path_factory.mktemp("several") / "home"

    def over(*names: str) -> Command:
        inventory = home.with_name(f"{'-'.join(names)}.yml")
        inventory.write_text(json.dumps({"paas_sites": {"hosts": {name: places[name] for name in names}}}))
        made = Command(home, run)
        made.env["INDIGO_PAAS_SITES"] = str(inventory)
        return made

    yield over
    for name in (SPREAD, MOVED):
        over(*places)("destroy", name, "--yes", status=None)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "node.yaml"
    path.write_text(NODE)
    return str(path)


@pytest.fixture(scope="module")
def pool(command):
    indigo = command("bari", "padova")
    refused = indigo("deploy", POOL, "--name", SPREAD, status=2)
    assert "Site 'bari' cannot hold the deployment" in refused.stderr
    return indigo.json("deploy", POOL, "--name", SPREAD, "--spread")


def sites_of(outcome):
    return {node["name"]: node["site"] for node in outcome["nodes"]}


def test_workers_go_on_where_the_first_site_is_full(command, pool):
    assert (pool["status"], pool["site"]) == ("CREATE_COMPLETE", "bari")
    assert sites_of(pool) == {"htcondor": "bari", "wn-server-0": "bari", "wn-server-1": "padova"}
    indigo = command("bari", "padova")
    indigo("check", SPREAD)
    assert "wn-server-1  " in indigo("show", SPREAD).stdout
    assert "padova" in indigo("show", SPREAD).stdout


def test_a_second_deploy_changes_nothing(command, pool):
    again = command("bari", "padova").json("deploy", POOL, "--name", SPREAD)
    assert (again["changed"], sites_of(again)) == (0, sites_of(pool))


def test_a_site_that_is_gone_from_the_inventory_is_named(command, pool):
    refused = command("bari")("check", SPREAD, status=1)
    assert "There is no site 'padova'" in refused.stdout + refused.stderr


def test_the_last_worker_leaves_its_site(command, pool):
    indigo = command("bari", "padova")
    smaller = indigo.json("scale", SPREAD, "wn_server=1")
    assert sites_of(smaller) == {"htcondor": "bari", "wn-server-0": "bari"}
    command("bari")("check", SPREAD)
    indigo("destroy", SPREAD, "--yes")


def test_a_site_that_fails_is_left_for_the_next(command, template):
    indigo = command("broken", "padova")
    made = indigo.json("deploy", template, "--name", MOVED)
    assert (made["status"], made["site"]) == ("CREATE_COMPLETE", "padova")
    assert sites_of(made) == {"server-0": "padova"}
    history = indigo("events", MOVED).stdout
    assert "broken: Failed: " in history
    assert "there-is-no-such-package" in history
    assert "padova: Trying here after broken failed" in history
    assert leftovers(MOVED) == []
    assert indigo.json("deploy", template, "--name", MOVED)["changed"] == 0
    indigo("destroy", MOVED, "--yes")


def test_where_all_fail_all_causes_are_told(command, template):
    indigo = command("broken", "padova")
    failed = indigo("deploy", template, "--name", MOVED, "--site", "broken", "--no-keep-last-attempt", status=1)
    assert "there-is-no-such-package" in failed.stdout + failed.stderr
    assert indigo.json("show", MOVED)["status"] == "CREATE_FAILED"
    assert leftovers(MOVED) == []
    indigo("destroy", MOVED, "--yes")


def leftovers(deployment):
    engine, label = docker.from_env(), {"label": f"indigo.paas.deployment={deployment}"}
    return [*engine.containers.list(all=True, filters=label), *engine.networks.list(filters=label)]
