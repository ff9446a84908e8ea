# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known and has no effect is told, each kind once."""

from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.brokering import distribute
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import plan_template
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import MAX_OWNERS, Report

HEAD = "tosca_definitions_version: tosca_simple_yaml_1_3\ntopology_template:\n  node_templates:\n"


def told(nodes: str, **options):
    plan = plan_template(HEAD + nodes, **options)
    return [(warning["line"], warning["message"]) for warning in plan.warnings]


NETWORK = """
    lan:
      type: tosca.nodes.network.Network
      properties: { PROPERTIES }
    plug:
      type: tosca.nodes.network.Port
      properties: { PLUG }
      requirements: [ { link: lan }, { binding: box } ]
    box: { type: tosca.nodes.Compute }
"""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ip_version", "6"),
        ("dhcp_enabled", "false"),
        ("segmentation_id", "'77'"),
        ("physical_network", "physnet1"),
        ("network_id", "a-b"),
        ("network_type", "vlan"),
    ],
)
def test_a_property_of_a_network_that_no_site_heeds_is_told(name, value):
    found = told(NETWORK.replace("PROPERTIES", f"{name}: {value}").replace("PLUG", ""))
    assert found == [(7, f"'{name}' of 'lan' has no effect")]


@pytest.mark.parametrize(("name", "value"), [("order", "1"), ("is_default", "true"), ("ip_range_start", "10.0.0.7")])
def test_a_property_of_a_port_that_no_site_heeds_is_told(name, value):
    found = told(NETWORK.replace("PROPERTIES", "").replace("PLUG", f"{name}: {value}"))
    assert found == [(10, f"'{name}' of 'plug' has no effect")]


def test_defaults_and_what_is_heeded_are_not_told():
    properties = "network_name: mine, network_type: PRIVATE, dhcp_enabled: true, ip_version: 4"
    assert told(NETWORK.replace("PROPERTIES", properties).replace("PLUG", "order: 0, is_default: false")) == []


def test_machines_tell_their_unheeded_properties_once_for_all():
    box = "{ type: tosca.nodes.Compute, capabilities: { host: { properties: { cpu_frequency: 2 GHz } } } }"
    nodes = "".join(f"    box{number}: {box}\n" for number in range(9))
    assert told(nodes) == [(4, "'host.cpu_frequency' of 'box0', 'box1', 'box2' and 6 more has no effect")]


def test_artifacts_that_nothing_heeds_are_told():
    nodes = """
    box:
      type: tosca.nodes.Compute
      artifacts:
        disk: { file: debian.qcow2, type: tosca.artifacts.Deployment.Image.VM.QCOW2 }
        notes: { file: notes.txt, type: tosca.artifacts.File, deploy_path: /etc/notes }
"""
    assert told(nodes) == [
        (8, "the image 'disk' of 'box' has no effect"),
        (9, "'deploy_path' of an artifact of 'box' has no effect"),
    ]


def test_operations_that_are_not_run_are_told_once():
    nodes = "    box: { type: tosca.nodes.Compute }\n" + "".join(
        f"""
    app{number}:
      type: tosca.nodes.SoftwareComponent
      requirements: [ {{ host: box }} ]
      interfaces: {{ Standard: {{ create: a.yml, stop: a.yml, start: run.sh }} }}"""
        for number in range(2)
    )
    assert [message for _line, message in told(nodes)] == [
        "'Standard.stop' of 'app0' and 'app1' is not run",
        "the implementation 'run.sh' of 'app0' and 'app1' is neither role nor playbook: it does not run",
    ]


def test_volumes_and_networks_without_a_machine_are_told():
    nodes = """
    box: { type: tosca.nodes.Compute }
    disk: { type: tosca.nodes.BlockStorage, properties: { size: 1 GB } }
    lan: { type: tosca.nodes.network.Network }
"""
    assert told(nodes) == [(6, "no machine has 'disk' and 'lan': it is not made")]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "the count of 'box' is 1, its 'min_instances' is 2"),
        (2, None),
        (4, None),
        (5, "the count of 'box' is 5, its 'max_instances' is 4"),
    ],
)
def test_a_count_outside_of_its_range_is_told(count, words):
    nodes = """
    box:
      type: tosca.nodes.indigo.Compute
      capabilities: { scalable: { properties: { count: 3, min_instances: 2, max_instances: 4 } } }
"""
    assert told(nodes) == []
    assert [message for _line, message in told(nodes, counts={"box": count})] == [words][: words is not None]


APPLICATION = """
    web:
      type: tosca.nodes.indigo.Container.Application.Docker.Marathon
      artifacts: { image: { file: example/web, type: tosca.artifacts.Deployment.Image.Container.Docker } }
      requirements: [ { host: runtime } ]
    runtime: { type: tosca.nodes.indigo.Container.Runtime.Docker }
"""


def test_an_application_that_nothing_runs_is_told():
    assert [message.partition(" (")[0] for _line, message in told(APPLICATION)] == [
        "nothing here makes or runs 'web'",
        "nothing here makes or runs 'runtime'",
    ]


def test_a_template_of_which_nothing_would_be_made_is_not_placed():
    plan = plan_template(HEAD + APPLICATION).to_dict()
    with pytest.raises(
        SiteError, match="no machines in the template, and nothing here runs 'web', 'runtime'"
    ) as caught:
        distribute(plan, [], {})
    assert caught.value.bad_input


@pytest.mark.parametrize("body", ["{}", "{ inputs: {} }", "{ node_templates: {} }"])
def test_a_template_without_nodes_is_refused_at_its_place(body):
    with pytest.raises(TemplateError, match="there are no node templates") as caught:
        plan_template(f"tosca_definitions_version: tosca_simple_yaml_1_0\ntopology_template: {body}\n")
    assert [(problem.line, problem.column) for problem in caught.value.problems] == [(2, 20)]


@pytest.mark.parametrize("number", [1, 2, MAX_OWNERS, MAX_OWNERS + 1, 1000])
def test_owners_are_listed_as_a_person_would(number):
    report = Report()
    for each in range(number):
        report.add_shared("not-supported", ("the wheel of ", " turns"), f"'{each}'")
    (problem,) = report.warnings
    names = problem.message.removeprefix("the wheel of ").removesuffix(" turns")
    rest = int(names.rpartition(" and ")[2].partition(" more")[0]) if " more" in names else 0
    assert names.count("'") // 2 + rest == number
    assert names.count("'") // 2 <= MAX_OWNERS


@pytest.mark.parametrize("name", ["eval", "sensitive", "$get_input", "$concat"])
def test_functions_of_other_tools_are_told_once(name):
    nodes = f"""
    box: {{ type: tosca.nodes.indigo.Compute }}
  outputs:
    both: {{ value: [ {{ {name}: a }}, {{ {name}: b }} ] }}
"""
    found = told(nodes)
    assert found == [(7, f"the function '{name}' in line 7 is none of TOSCA's: it stays a map")]


def test_an_unknown_function_is_one_error():
    nodes = """
    box:
      type: tosca.nodes.indigo.Compute
      properties:
        tags:
          one: { get_env: a }
          other: { get_env: b }
"""
    with pytest.raises(TemplateError) as caught:
        told(nodes)
    (problem,) = caught.value.problems
    assert problem.message == "unknown function 'get_env' in line 9 and line 10"
    assert problem.line == 9


@pytest.mark.parametrize(
    ("written", "messages"),
    [
        ("operation_host: ORCHESTRATOR", ["'operation_host' of 'Standard.configure' of 'box' has no effect"]),
        ("timeout: 3", ["'timeout' of 'Standard.configure' of 'box' has no effect"]),
        ("operation_host: SELF", []),
        ("operation_host: [1]", ["'operation_host' of 'Standard.configure' of 'box' has no effect"]),
    ],
)
def test_where_and_how_long_an_operation_should_run_is_told(written, messages):
    nodes = f"""
    box:
      type: tosca.nodes.indigo.Compute
      interfaces: {{ Standard: {{ configure: {{ implementation: {{ primary: x.yml, {written} }} }} }} }}
"""
    assert told(nodes) == [(7, message) for message in messages]


@pytest.mark.parametrize("written", ["[/etc/passwd]", "[absent.txt, example.java]", "{ file: x.j2 }", "a"])
def test_dependencies_of_a_role_are_told(written):
    implementation = f"{{ primary: indigo.paas.shared_secret, dependencies: {written} }}"
    nodes = f"""
    box:
      type: tosca.nodes.indigo.Compute
      interfaces: {{ Standard: {{ configure: {{ implementation: {implementation} }} }} }}
"""
    assert told(nodes) == [(7, "'dependencies' of 'Standard.configure' of 'box' has no effect")]


@pytest.mark.parametrize(
    "written", ["primary: x.yml, dependencies: [a.txt]", "primary: indigo.paas.shared_secret, dependencies: []"]
)
def test_dependencies_of_a_playbook_and_none_are_not_told(written):
    nodes = f"""
    box:
      type: tosca.nodes.indigo.Compute
      interfaces: {{ Standard: {{ configure: {{ implementation: {{ {written} }} }} }} }}
"""
    assert told(nodes) == []


WITH_ARTIFACTS = """
    box:
      type: tosca.nodes.indigo.Compute
    app:
      type: tosca.nodes.SoftwareComponent
      artifacts:
        web: { file: git+https://example.org/x, type: tosca.artifacts.AnsibleGalaxy.role }
        tools: { file: example.tools, type: tosca.artifacts.AnsibleGalaxy.collection }
        page: { file: page.html, type: tosca.artifacts.File }
      interfaces: { Standard: { INTERFACE } }
      requirements: [ host: HOST ]
"""
UNINSTALLED = [
    (10, "the artifact 'web' of 'app' has no effect"),
    (11, "the artifact 'tools' of 'app' has no effect"),
]


@pytest.mark.parametrize(
    ("interface", "host", "expected"),
    [
        ("configure: indigo.paas.shared_secret", "box", UNINSTALLED),
        ("configure: indigo.paas.shared_secret, start: x.yml", "box", []),
        ("configure: x.yml", "box", []),
        (
            "configure: indigo.paas.shared_secret",
            "{ node: box, relationship: { type: tosca.relationships.HostedOn, interfaces: "
            "{ Configure: { post_configure_source: x.yml } } } }",
            [],
        ),
    ],
)
def test_what_is_installed_for_playbooks_is_told_where_none_runs(interface, host, expected):
    assert told(WITH_ARTIFACTS.replace("INTERFACE", interface).replace("HOST", host)) == expected
