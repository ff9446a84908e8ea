# SPDX-License-Identifier: Apache-2.0
"""The modules about sites, run by ansible-playbook against the local engine."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from tests.sites.conftest import group

PLAYBOOK = textwrap.dedent(
    """
    ---
    - name: Run one module
      hosts: localhost
      connection: local
      gather_facts: false
      tasks:
        - name: Run it
          {module}: "{{{{ arguments }}}}"
          register: answer
          ignore_errors: true

        - name: Keep the answer
          ansible.builtin.copy:
            content: "{{{{ answer | to_json }}}}"
            dest: "{{{{ answer_file }}}}"
            mode: "0600"
          check_mode: false
    """
)


@pytest.fixture
def module(run, tmp_path) -> Callable[..., Any]:
    """Run a module and return its result, with what ansible-playbook printed as `stdout`."""

    def call(name: str, *options: str, **arguments: Any) -> Any:
        playbook, answer = tmp_path / "play.yml", tmp_path / "answer.json"
        playbook.write_text(PLAYBOOK.format(module=f"indigo.paas.{name}"))
        variables = json.dumps({"arguments": arguments, "answer_file": str(answer)})
        done = run(
            "ansible-playbook",
            *("-i", "inventories/local", str(playbook), "-e", variables, *options),
        )
        return {**json.loads(answer.read_text()), "stdout": done.stdout}

    return call


SITE = {"name": "local", "type": "docker"}


@pytest.mark.engine
def test_nodes_come_stay_and_go(module, site, deployment, tmp_path):
    key = tmp_path / "state" / "ssh_key"
    request = {"site": SITE, "deployment": deployment, "groups": [group("wn", 2)], "ssh_key": str(key)}

    foretold = module("nodes", "--check", **request)
    assert (foretold["changed"], foretold["created"]) == (True, ["wn-0", "wn-1"])
    assert not key.exists()
    assert site.list_nodes(deployment) == []

    made = module("nodes", "--diff", **request)
    assert (made["changed"], made["created"], made["kept"]) == (True, ["wn-0", "wn-1"], [])
    assert made["diff"] == {"before": {"nodes": []}, "after": {"nodes": ["wn-0", "wn-1"]}}
    assert '+        "wn-0"' in made["stdout"]
    assert "local: Making 2 nodes" in made["stdout"]
    known_hosts = key.with_name("known_hosts")
    assert known_hosts.stat().st_mode & 0o777 == 0o600
    assert known_hosts.read_text().split("\n")[:-1] == sorted(
        f"{node['ansible_host']} {node['host_keys'][0]}" for node in made["nodes"]
    )

    again = module("nodes", **request)
    assert (again["changed"], again["kept"]) == (False, ["wn-0", "wn-1"])
    assert again["nodes"] == made["nodes"]

    known_hosts.unlink()
    assert module("nodes", **request)["changed"]

    gone = module("nodes", site=SITE, deployment=deployment, state="absent")
    assert (gone["changed"], gone["removed"]) == (True, ["wn-0", "wn-1"])
    assert not module("nodes", site=SITE, deployment=deployment, state="absent")["changed"]


@pytest.mark.engine
def test_nodes_are_stopped_and_started(module, site, deployment, key):
    site.ensure_nodes(deployment, [group("wn", 2)], public_key=key.public)
    request = {"sites": {"local": SITE}, "deployment": deployment, "nodes": ["wn-1"]}
    for options in (("--check",), ()):
        stopped = module("power", *options, **request, state="stopped")
        assert (stopped["changed"], stopped["switched"]) == (True, ["wn-1"])
    assert stopped["diff"] == {"before": {"wn-1": "running"}, "after": {"wn-1": "stopped"}}
    assert [node.state for node in site.list_nodes(deployment)] == ["running", "stopped"]
    assert not module("power", **request, state="stopped")["changed"]
    assert module("power", **request, state="running")["switched"] == ["wn-1"]
    assert [key.output(node, "hostname") for node in site.list_nodes(deployment)] == ["wn-0", "wn-1"]
    unknown = module("power", **{**request, "nodes": ["wn-7"]}, state="stopped")
    assert (unknown["failed"], unknown["bad_input"]) == (True, True)
    assert unknown["msg"] == f"'{deployment}' has no node 'wn-7'. There is wn-0, wn-1."


@pytest.mark.engine
def test_nodes_are_compared_with_the_plan(module, site, deployment, key):
    site.ensure_nodes(deployment, [group("wn", 2)], public_key=key.public)
    request = {"site": SITE, "deployment": deployment}
    found = module("nodes_info", **request, groups=[group("fe"), group("wn", 1)])
    assert [node["name"] for node in found["nodes"]] == ["wn-0", "wn-1"]
    assert found["changes"] == {"create": ["fe-0"], "repair": [], "remove": ["wn-1"], "keep": ["wn-0"]}
    assert found["problems"] == [
        "Node fe-0 is missing: it was deleted, or never made.",
        "Node wn-1 is there, but the plan does not want it.",
    ]
    assert "problems" not in module("nodes_info", **request)


@pytest.mark.engine
def test_sites_are_described_and_chosen(module):
    nowhere = {"type": "docker", "endpoint": "unix:///nowhere.sock", "priority": 5}
    sites = {"local": {"type": "docker"}, "nowhere": nowhere}
    described = {site["name"]: site for site in module("site_info", sites=sites)["sites"]}
    assert (described["local"]["available"], described["nowhere"]["available"]) == (True, False)
    chosen = module("broker", sites=sites, plan={"groups": [group()]})
    assert chosen["site"] == "local"
    assert [candidate["fits"] for candidate in chosen["candidates"]] == [True, False]


def test_a_plan_that_fits_nowhere_is_refused_with_the_reasons(module):
    sites = {"nowhere": {"type": "docker", "endpoint": "unix:///nowhere.sock"}}
    refused = module("broker", sites=sites, plan={"groups": [group()]})
    assert (refused["failed"], refused["bad_input"]) == (True, True)
    assert refused["msg"].startswith(
        "Site 'nowhere' cannot hold the deployment: No container engine answers at unix:///nowhere.sock."
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"site": {"type": "docker"}}, "The site has no name"),
        ({"site": {"name": "x", "type": "dokcer"}}, "unknown type 'dokcer'. Did you mean 'docker'?"),
        ({"site": SITE, "deployment": "../x"}, "'../x' cannot name a deployment"),
        ({"site": SITE, "groups": None}, "groups"),
        ({"site": SITE, "ssh_key": None}, "ssh_key, public_key"),
        ({"site": SITE, "public_key": "k"}, "mutually exclusive"),
    ],
)
def test_wrong_arguments_are_named(module, tmp_path, arguments, message):
    request = {"deployment": "p", "groups": [group()], "ssh_key": str(tmp_path / "k"), **arguments}
    refused = module("nodes", **{name: value for name, value in request.items() if value is not None})
    assert refused["failed"]
    assert message in refused["msg"]
    assert "Traceback" not in json.dumps(refused)


@pytest.mark.parametrize("name", ["nodes", "fleet"])
def test_what_only_an_administrator_can_delete_is_a_warning(module, nebula, cloud, name):
    site = cloud()
    site.ensure_nodes("pool", [group()], public_key="k")
    (machine,) = nebula.alive()
    (kept,) = nebula.groups.values()
    kept.kept.add(machine.id)
    options = {"type": "opennebula", "endpoint": nebula.endpoint, "auth_file": site.options["auth_file"]}
    where = {"site": {"name": "one", **options}} if name == "nodes" else {"sites": {"one": options}}
    deleted = module(name, deployment="pool", state="absent", **where)
    assert (deleted["changed"], deleted["removed"]) == (True, ["wn-0"])
    (warning,) = deleted["warnings"]
    assert "the security group indigo-paas.pool.wn" in warning
    assert "lists machines in it that are gone" in warning
