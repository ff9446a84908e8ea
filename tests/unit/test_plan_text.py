# SPDX-License-Identifier: Apache-2.0
"""A plan, and what an update changes, as text for people: complete, masked, harmless for a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from indigo_paas.cli._difference_text import difference_lines
from indigo_paas.cli._plan_text import plan_lines
from indigo_paas.engine.verbs import Planned
from indigo_paas.ground.masking import Masker

SECRET = "correct-horse-battery"


def group(name: str, count: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "group": name.replace("-", "_"),
        "hostname": name,
        "count": count,
        "size": {"cpus": 2, "memory": 4_000_000_000, "disk": 20_000_000_000, "gpus": 1, "instance_type": None},
        "image": {"image": None, "distribution": "debian", "version": "13"},
        "network": {"public": True, "name": None},
        "ports": [],
        "volumes": [],
        **more,
    }


PLAN = {
    "description": "A portal\x1b[2J",
    "inputs": {"admin_password": SECRET, "size": 3},
    "groups": [
        group(
            "fe-server",
            1,
            ports=[{"name": "web", "protocol": "tcp", "source": 443}],
            volumes=[{"name": "data", "size": 50_000_000_000, "location": "/data"}],
        ),
        group("wn", 0),
    ],
    "components": [
        {
            "name": "front",
            "type": "tosca.nodes.indigo.LRMS.FrontEnd.HTCondor",
            "group": "fe-server",
            "operations": [
                {
                    "operation": "configure",
                    "role": "indigo.paas.htcondor",
                    "arguments": {
                        "htcondor_password": SECRET,
                        "htcondor_note": "",
                        "htcondor_url": f"http://{SECRET}@x",
                    },
                }
            ],
        },
        {
            "name": "galaxy",
            "type": "tosca.nodes.indigo.GalaxyPortal",
            "group": "fe-server",
            "operations": [
                {
                    "operation": "configure",
                    "external": {"playbook": "https://example.org/galaxy.yml", "galaxy_roles": ["indigo-dc.galaxy"]},
                    "arguments": {"flavour": "x"},
                },
                {
                    "operation": "start",
                    "external": {"playbook": "start.yml", "galaxy_roles": [], "collections": ["a.b", "c.d"]},
                    "arguments": {"colour": "y"},
                },
            ],
        },
        {"name": "lonely", "type": "t", "group": "wn", "operations": []},
    ],
    "stages": [
        {"name": "htcondor", "role": "indigo.paas.htcondor", "groups": ["fe_server"], "components": ["front"]},
        {
            "name": "configure",
            "role": None,
            "external": True,
            "operation": 0,
            "groups": ["fe_server"],
            "components": ["galaxy"],
        },
        {
            "name": "start",
            "role": None,
            "external": True,
            "operation": 1,
            "groups": ["fe_server"],
            "components": ["galaxy"],
        },
    ],
    "policies": [
        {
            "name": "here",
            "type": "tosca.policies.indigo.CredentialsAwareSlaPlacement",
            "targets": ["fe-server", "wn"],
            "properties": {"sla_id": "42", "password": SECRET},
        },
        {"name": "grow", "type": "my.Scaling", "targets": [], "properties": {}},
    ],
    "applications": [
        {
            "name": "app",
            "type": "tosca.nodes.indigo.Container.Application.Docker.Marathon",
            "requires": ["front"],
            "properties": {"cpus": 1, "token": SECRET},
        }
    ],
    "outputs": {
        "url": {
            "description": "Where it is",
            "value": {"$function": {"get_attribute": ["fe-server", "public_address", 0]}},
        }
    },
}
CANDIDATES = [
    {"site": "here", "fits": True, "reasons": []},
    {"site": "spare", "fits": True, "reasons": []},
    {"site": "small", "fits": False, "reasons": ["A node asks for 2 CPUs; its largest node has 1.", "It has no GPU."]},
]


@pytest.fixture
def told() -> list[str]:
    return list(plan_lines(Planned(PLAN, CANDIDATES, {"here": {"wn": 2}}), Masker(PLAN["inputs"])))


@pytest.mark.parametrize(
    "line",
    [
        "  fe-server: 1 node (fe-server-0)",
        "    2 CPUs, 4 GB memory, 20 GB disk, 1 GPU; debian 13; public network",
        "    ports: 443/tcp",
        "    volume: data (50 GB at /data)",
        "  wn: no nodes for now",
        "  1. htcondor on fe-server (role indigo.paas.htcondor)",
        "       front (FrontEnd.HTCondor)",
        "         htcondor_password: ********",
        '         htcondor_note: ""',
        "  2. configure on fe-server (external: https://example.org/galaxy.yml)",
        "         flavour: x",
        "  3. start on fe-server (external: start.yml)",
        "         needs galaxy roles: indigo-dc.galaxy",
        "         colour: y",
        "         needs collections: a.b, c.d",
        "  here (CredentialsAwareSlaPlacement) for fe-server, wn",
        "    sla_id: 42",
        "    password: ********",
        "  grow (my.Scaling)",
        "  -  lonely: nothing sets it up",
        "  app (Container.Application.Docker.Marathon)",
        "    needs: front",
        "    token: ********",
        "  url: fe-server.public_address[0]",
        "    Where it is",
        "  here: chosen",
        "  spare: can hold it",
        "  small: cannot hold it",
        "    It has no GPU.",
    ],
)
def test_a_plan_tells(told, line):
    assert line in told


def test_each_stage_of_a_playbook_tells_its_own_operation(told):
    assert [text.strip() for text in told].count("colour: y") == 1
    assert [text.strip() for text in told].count("flavour: x") == 1


def test_a_plan_keeps_secrets_and_steers_no_terminal(told):
    text = "\n".join(told)
    assert SECRET not in text
    assert "\x1b" not in text


def test_an_empty_plan_has_few_lines():
    plan = {"inputs": {}, "groups": [], "components": [], "stages": []}
    assert list(plan_lines(Planned(plan, []), Masker())) == []


NODES = {"create": [], "keep": [], "repair": [], "remove": []}
DIFFERENCE = {
    "changed": True,
    "inputs": [
        {"name": "n", "change": "change", "old": 2, "new": 4},
        {"name": "same", "change": "keep", "old": 1, "new": 1},
    ],
    "groups": [
        {
            "name": "wn",
            "change": "change",
            "old_count": 2,
            "new_count": 4,
            "fields": [{"name": "size.cpus", "old": 1, "new": 2}, {"name": "ports", "old": [], "new": [22]}],
            "nodes": {**NODES, "create": [f"wn-{n}" for n in range(2, 12)], "keep": ["wn-0", "wn-1"]},
        },
        {
            "name": "db",
            "change": "remove",
            "old_count": 1,
            "new_count": 0,
            "fields": [],
            "nodes": {**NODES, "remove": ["db-0"]},
        },
        {
            "name": "fe",
            "change": "keep",
            "old_count": 1,
            "new_count": 1,
            "fields": [],
            "nodes": {**NODES, "keep": ["fe-0"]},
        },
    ],
    "components": [
        {"name": "front", "change": "change", "group": "fe", "fields": [{"name": "r: a", "old": None, "new": "x\x1b"}]},
        {"name": "old", "change": "remove", "group": "db", "fields": []},
    ],
    "applications": [],
    "outputs": [
        {"name": "ip", "change": "create", "old": None, "new": {"$function": {"get_attribute": ["fe", "state"]}}}
    ],
}


def test_a_difference_reads_like_one():
    assert list(difference_lines(DIFFERENCE)) == [
        "Inputs:",
        "  ~ n: 2 -> 4",
        "Nodes:",
        "  ~ wn: 2 -> 4 nodes",
        "      + wn-2, wn-3, wn-4, wn-5, wn-6, wn-7, wn-8, wn-9 and 2 more: new",
        "        wn-0, wn-1: stay",
        "      ~ size.cpus: 1 -> 2 (nodes that exist stay as they are)",
        "      ~ ports: [] -> [22]",
        "  - db: 1 -> 0 nodes",
        "      - db-0: drained and deleted",
        "    fe: 1 node",
        "Services:",
        "  ~ front on fe",
        "      + r: a: x\\x1b",
        "  - old on db",
        "Outputs:",
        "  + ip: fe.state",
    ]


def test_no_difference_is_one_sentence():
    assert list(difference_lines({**DIFFERENCE, "changed": False})) == ["Nothing changes."]


def test_a_node_that_the_template_names_is_told_by_that_name():
    named = group("fe", 1, network={"public": False, "name": None, "dns_name": "front"})
    several = group("wn", 2, network={"public": False, "name": None, "dns_name": "worker"})
    plan = {"name": "t", "groups": [named, several], "stages": [], "components": [], "inputs": {}, "outputs": {}}
    told = list(plan_lines(Planned({**plan, "warnings": [], "applications": [], "policies": []}, []), Masker()))
    assert "  fe: 1 node (front)" in told
    assert "  wn: 2 nodes (wn-0, wn-1)" in told
