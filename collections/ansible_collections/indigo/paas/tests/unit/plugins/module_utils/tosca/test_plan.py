# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan

PlanText = Callable[..., Plan]
Problems = Callable[..., list[Problem]]
Body = Callable[[str], str]

POOL = """
description: A pool
inputs:
  wn_num: {type: integer, default: 2}
node_templates:
  front_end:
    type: test.Pool
    requirements: [{host: fe_server}]
  fe_server:
    type: tosca.nodes.indigo.Compute
    properties:
      tags: {owner: physics}
      os_users: [{os_user_name: ada, os_user_add_to_sudoers: yes}]
    capabilities:
      host: {properties: {num_cpus: 4, mem_size: 2 GiB, disk_size: 10 GB, num_gpus: 1, instance_type: m1.large}}
      os: {properties: {type: linux, distribution: debian, version: 13, architecture: x86_64, image: ost://x/y}}
      endpoint:
        properties:
          network_name: PUBLIC
          dns_name: pool.example.org
          ports:
            web: {protocol: tcp, source: 443, target: 8443, remote_cidr: 10.0.0.0/8}
            range: {source_range: [8000, 8010]}
    requirements:
      - local_storage:
          node: data
          relationship: {type: AttachesTo, properties: {location: /data}}
  data:
    type: BlockStorage
    properties: {size: 1.5 GB}
  worker:
    type: test.Worker
    properties:
      front_end_ip: {get_attribute: [fe_server, private_address, 0]}
    requirements:
      - host: {node: wn_server}
      - dependency: front_end
  wn_server:
    type: tosca.nodes.indigo.Compute
    capabilities:
      scalable: {properties: {count: {get_input: wn_num}, removal_list: [wn-server-1]}}
outputs:
  address: {description: Where it is, value: {get_attribute: [fe_server, public_address, 0]}}
  number: {value: {get_input: wn_num}}
policies:
  - here: {type: tosca.policies.indigo.SlaPlacement, targets: [wn_server], properties: {sla_id: abc}}
"""


def by_name(plan: Plan, name: str) -> dict[str, Any]:
    return next(group for group in plan.groups if group["name"] == name)


def test_a_group_has_all_that_a_site_asks(plan_text: PlanText) -> None:
    assert by_name(plan_text(POOL), "fe_server") == {
        "name": "fe_server",
        "group": "fe_server",
        "hostname": "pool",
        "type": "tosca.nodes.indigo.Compute",
        "count": 1,
        "removal_list": [],
        "size": {"cpus": 4, "memory": 2 * 2**30, "disk": 10**10, "gpus": 1, "instance_type": "m1.large"},
        "image": {
            "image": "ost://x/y",
            "type": "linux",
            "distribution": "debian",
            "version": "13",
            "architecture": "x86_64",
        },
        "network": {"public": True, "name": None, "dns_name": "pool.example.org"},
        "ports": [
            {
                "name": "web",
                "protocol": "tcp",
                "source": 443,
                "target": 8443,
                "source_range": None,
                "target_range": None,
                "remote_cidr": "10.0.0.0/8",
            },
            {
                "name": "range",
                "protocol": "tcp",
                "source": None,
                "target": None,
                "source_range": [8000, 8010],
                "target_range": None,
                "remote_cidr": None,
            },
        ],
        "volumes": [
            {
                "name": "data",
                "size": 1_500_000_000,
                "type": None,
                "volume_id": None,
                "snapshot_id": None,
                "location": "/data",
                "device": None,
                "fs_type": None,
            }
        ],
        "users": [{"os_user_name": "ada", "os_user_add_to_sudoers": True}],
        "tags": {"owner": "physics"},
    }


def test_components_stages_and_outputs(plan_text: PlanText) -> None:
    plan = plan_text(POOL)
    address = {"$function": {"get_attribute": ["fe_server", "private_address", 0]}}
    assert [component["name"] for component in plan.components] == ["front_end", "worker"]
    front_end, worker = plan.components
    assert front_end["group"] == "fe_server"
    assert front_end["attributes"] == {"collector": {"fact": "pool_collector", "operation": 0}}
    assert worker["requires"] == ["front_end"]
    assert worker["properties"]["front_end_ip"] == address
    schema = {"type": "string", "required": True}
    written = {"subject": "property 'front_end_ip' of 'worker'", "at": ["template", 35, 23], "schema": schema}
    assert worker["operations"] == [
        {
            "operation": "configure",
            "role": "test.paas.pool",
            "arguments": {"pool_execute": True, "pool_address": address},
            "checks": {"pool_address": {"at": ["template", 35, 24], "expected": [written], "option": {"type": "str"}}},
        }
    ]
    assert plan.stages == [
        {
            "name": "pool",
            "role": "test.paas.pool",
            "groups": ["fe_server", "wn_server"],
            "components": ["front_end", "worker"],
            "scope": "test.paas.pool",
            "tells": [{"component": "front_end", "operation": 0, "group": "fe_server", "facts": ["pool_collector"]}],
        }
    ]
    assert plan.description == "A pool"
    assert plan.inputs == {"wn_num": 2}
    assert plan.outputs["number"] == {"description": "", "value": 2}
    assert plan.outputs["address"]["description"] == "Where it is"
    assert plan.policies == [
        {
            "name": "here",
            "type": "tosca.policies.indigo.SlaPlacement",
            "types": ["tosca.policies.indigo.SlaPlacement", "tosca.policies.Placement", "tosca.policies.Root"],
            "targets": ["wn_server"],
            "properties": {"sla_id": "abc"},
        }
    ]
    assert plan.warnings == []
    assert plan.applications == []


def test_plan_is_json_and_comes_back(plan_text: PlanText) -> None:
    plan = plan_text(POOL)
    data = json.loads(json.dumps(plan.to_dict()))
    assert data == plan.to_dict()
    assert data["format"] == 1
    assert Plan.from_dict(data) == plan


def test_to_dict_is_a_copy(plan_text: PlanText) -> None:
    plan = plan_text(POOL)
    plan.to_dict()["groups"][0]["tags"]["owner"] = "nobody"
    assert plan.groups[0]["tags"] == {"owner": "physics"}


@pytest.mark.parametrize("data", [None, [], {}, {"format": 2}, {"format": 1, "x": 1}, {"format": 1, "groups": {}}])
def test_what_is_no_plan_is_refused(data: Any) -> None:
    with pytest.raises(TemplateError, match="this is no plan"):
        Plan.from_dict(data)


@pytest.mark.parametrize(
    ("scalable", "count"),
    [
        ("{}", 1),
        ("{count: 0}", 0),
        ("{count: '3'}", 3),
        ("{count: {get_input: wn_num}}", 7),
        ("{default_instances: 4}", 1),
        ("{count: 5, default_instances: 4}", 5),
    ],
)
def test_counts(scalable: str, count: int, plan_text: PlanText) -> None:
    text = f"""
    inputs: {{wn_num: {{type: integer}}}}
    node_templates:
      a: {{type: indigo.Compute, capabilities: {{scalable: {{properties: {scalable}}}}}}}
    """
    assert plan_text(text, {"wn_num": 7}).groups[0]["count"] == count


def test_count_of_a_plain_compute(plan_text: PlanText) -> None:
    text = "node_templates: {a: {type: Compute, capabilities: {scalable: {properties: {default_instances: 4}}}}}"
    assert plan_text(text).groups[0]["count"] == 4


def test_counts_and_removals_of_the_user_win(plan_text: PlanText) -> None:
    plan = plan_text(POOL, counts={"wn_server": 5}, removals={"wn_server": ["wn-server-0", "wn-server-1"]})
    group = by_name(plan, "wn_server")
    assert group["count"] == 5
    assert group["removal_list"] == ["wn-server-1", "wn-server-0"]


def test_counts_may_name_the_safe_group(plan_text: PlanText) -> None:
    plan = plan_text("node_templates: {'my nodes': {type: Compute}}", counts={"my_nodes": 3})
    assert plan.groups[0]["count"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"counts": {"wn_serve": 1}}, "a count is given for 'wn_serve', which is no group"),
        ({"counts": {"wn_server": -1}}, "the count of 'wn_server' is '-1', it must be 0 or more"),
        ({"counts": {"wn_server": True}}, "the count of 'wn_server' is 'True'"),
        ({"counts": {"wn_server": "2"}}, "the count of 'wn_server' is '2'"),
        ({"removals": {"x": []}}, "a removal list is given for 'x'"),
        ({"removals": {"wn_server": "wn-server-1"}}, "the removal list of 'wn_server' must be a list"),
    ],
)
def test_counts_and_removals_that_are_wrong(arguments: dict, message: str, problems: Problems, body: Body) -> None:
    (problem,) = problems(body(POOL), **arguments)
    assert message in problem.message


@pytest.mark.parametrize(
    ("capability", "message"),
    [
        ("scalable: {properties: {count: -1}}", "the count of 'a' is '-1'"),
        (
            "os: {properties: {image: {get_attribute: [b, private_address, 0]}}}",
            "'os.image' of 'a' depends on a running",
        ),
        ("host: {properties: {num_cpus: {get_attribute: [b, state]}}}", "'host.num_cpus' of 'a' depends on a running"),
    ],
)
def test_machines_that_cannot_be_planned(capability: str, message: str, problems: Problems, body: Body) -> None:
    text = body(
        f"node_templates:\n  b: {{type: indigo.Compute}}\n  a: {{type: indigo.Compute, capabilities: {{{capability}}}}}"
    )
    (problem,) = problems(text)
    assert message in problem.message
    assert problem.line == 5
    assert problem.hint


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("{network_name: PUBLIC}", {"public": True, "name": None}),
        ("{network_name: PRIVATE}", {"public": False, "name": None}),
        ("{network_name: public}", {"public": True, "name": None}),
        ("{network_name: lab-net}", {"public": False, "name": "lab-net"}),
        ("{network_name: vpc-1.subnet-2.PUBLIC}", {"public": True, "name": "vpc-1.subnet-2"}),
        ("{network_name: lab-net.PRIVATE}", {"public": False, "name": "lab-net"}),
        ("{}", {"public": False, "name": None}),
    ],
)
def test_networks(network: str, expected: dict, plan_text: PlanText) -> None:
    text = f"node_templates: {{a: {{type: indigo.Compute, capabilities: {{endpoint: {{properties: {network}}}}}}}}}"
    assert plan_text(text).groups[0]["network"] == {**expected, "dns_name": None}


@pytest.mark.parametrize(
    ("network", "public", "name"),
    [("{network_type: public}", True, None), ("{network_type: private, network_name: lan}", False, "lan")],
)
def test_ports_join_machines_to_networks(network: str, public: bool, name: str | None, plan_text: PlanText) -> None:
    plan = plan_text(
        f"""
        node_templates:
          net: {{type: tosca.nodes.network.Network, properties: {network}}}
          port: {{type: tosca.nodes.network.Port, requirements: [{{binding: a}}, {{link: net}}]}}
          a: {{type: indigo.Compute}}
          b: {{type: indigo.Compute}}
        """
    )
    assert by_name(plan, "a")["network"] == {"public": public, "name": name, "dns_name": None}
    assert by_name(plan, "b")["network"] == {"public": False, "name": None, "dns_name": None}
    assert plan.applications == []


def test_two_groups_with_one_dns_name_have_two_hostnames(plan_text: PlanText) -> None:
    endpoint = "{type: indigo.Compute, capabilities: {endpoint: {properties: {dns_name: same}}}}"
    plan = plan_text(f"node_templates: {{a: {endpoint}, b: {endpoint}}}")
    assert len({group["hostname"] for group in plan.groups}) == 2


def test_facts_of_one_component_as_arguments_of_another(plan_text: PlanText) -> None:
    plan = plan_text(
        """
        node_templates:
          server: {type: indigo.Compute}
          front_end: {type: test.Pool, requirements: [{host: server}]}
          worker:
            type: test.Worker
            properties: {front_end_ip: x, collector: {get_attribute: [front_end, collector]}}
            requirements: [{host: server}]
        """
    )
    assert [stage["components"] for stage in plan.stages] == [["front_end"], ["worker"]]
    assert [stage["name"] for stage in plan.stages] == ["pool", "pool-2"]
    assert plan.components[1]["requires"] == ["front_end"]


def test_components_that_wait_for_each_other(problems: Problems, body: Body) -> None:
    (problem,) = problems(
        body(
            """
            node_templates:
              server: {type: indigo.Compute}
              pool:
                type: test.Pool
                properties: {secret: {get_attribute: [cache, url]}}
                requirements: [{host: server}]
              cache: {type: test.Cache, requirements: [{host: server}, {dependency: pool}]}
            """
        )
    )
    assert "components that wait for each other: pool -> cache -> pool" in problem.message
    assert problem.line == 5


def test_machines_that_may_be_taken_back(plan_text: PlanText) -> None:
    plan = plan_text(
        """
        node_templates:
          spot: {type: indigo.Compute, capabilities: {host: {properties: {preemtible_instance: true}}}}
          firm: {type: indigo.Compute, capabilities: {host: {properties: {preemtible_instance: false}}}}
        """
    )
    assert {group["name"]: group["size"].get("preemptible") for group in plan.groups} == {"spot": True, "firm": None}


def test_different_values_for_one_argument_on_one_machine(problems: Problems, body: Body) -> None:
    two = """
    node_templates:
      server: {type: indigo.Compute}
      one: {type: test.Pool, properties: {submit: true}, requirements: [{host: server}]}
      two: {type: test.Pool, properties: {submit: SUBMIT}, requirements: [{host: server}]}
    """
    (problem,) = problems(body(two.replace("SUBMIT", "false")))
    assert "'one' and 'two' give 'pool_submit' different values on 'server'" in problem.message
    assert problem.line == 6
    with pytest.raises(pytest.fail.Exception):
        problems(body(two.replace("SUBMIT", "true")))


def test_software_on_software_runs_on_its_machine(plan_text: PlanText) -> None:
    plan = plan_text(
        """
        node_templates:
          database: {type: tosca.nodes.Database, requirements: [{host: dbms}]}
          dbms: {type: tosca.nodes.DBMS, requirements: [{host: server}]}
          server: {type: indigo.Compute}
        """
    )
    assert {component["name"]: component["group"] for component in plan.components} == {
        "database": "server",
        "dbms": "server",
    }
    assert plan.components[0]["requires"] == ["dbms"]
    assert ["nothing implements 'dbms'" in problem["message"] for problem in plan.warnings] == [True]


def test_what_no_role_implements_still_keeps_the_order(plan_text: PlanText) -> None:
    plan = plan_text(
        """
        node_templates:
          server: {type: indigo.Compute}
          pool: {type: test.Pool, requirements: [{host: server}, {dependency: between}]}
          between: {type: tosca.nodes.Root, requirements: [{dependency: dbms}]}
          dbms: {type: tosca.nodes.DBMS, requirements: [{host: server}, {dependency: cache}]}
          cache: {type: test.Cache, requirements: [{host: server}]}
        """
    )
    assert [stage["name"] for stage in plan.stages] == ["cache", "pool"]
    assert [application["name"] for application in plan.applications] == ["between"]


def test_node_templates_may_replace_the_implementation(plan_text: PlanText) -> None:
    plan = plan_text(
        """
        node_templates:
          server: {type: indigo.Compute}
          cache:
            type: test.Cache
            interfaces:
              Standard:
                create: {implementation: my.own.cache, inputs: {cache_x: {get_property: [SELF, size]}}}
            requirements: [{host: server}]
          second:
            type: test.Cache
            interfaces: {Standard: {create: {inputs: {cache_more: 1}}, configure: install.sh}}
            requirements: [{host: server}]
        """
    )
    first, second = (component["operations"] for component in plan.components)
    assert first == [{"operation": "create", "role": "my.own.cache", "arguments": {"cache_x": "1 GB"}}]
    assert second == [
        {"operation": "create", "role": "test.paas.cache", "arguments": {"cache_size": "1 GB", "cache_more": 1}}
    ]
    assert "'install.sh' of 'second' is neither role nor playbook" in plan.warnings[0]["message"]


def test_hostile_text_stays_verbatim_beside_a_safe_name(plan_text: PlanText) -> None:
    hostile = "{{ lookup('pipe', 'id') }}; $(reboot)"
    plan = plan_text(f"node_templates: {{{json.dumps(hostile)}: {{type: indigo.Compute}}}}")
    assert plan.groups[0]["name"] == hostile
    assert plan.groups[0]["group"] == "_lookup_pipe_id_reboot_"
    assert plan.groups[0]["hostname"] == "lookup-pipe-id-reboot"
