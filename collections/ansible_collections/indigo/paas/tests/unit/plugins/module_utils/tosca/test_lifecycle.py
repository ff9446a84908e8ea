# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, Vocabulary, load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.external import is_playbook, is_role

PlanText = Callable[..., Plan]

RELATED = """
node_templates:
  server: {type: indigo.Compute}
  target:
    type: tosca.nodes.SoftwareComponent
    interfaces: {Standard: {create: t/create.yml, configure: t/configure.yml, start: t/start.yml}}
    requirements: [{host: server}]
  source:
    type: tosca.nodes.SoftwareComponent
    interfaces: {Standard: {start: s/start.yml, configure: s/configure.yml, create: s/create.yml}}
    requirements:
      - host: server
      - dependency:
          node: target
          relationship:
            type: tosca.relationships.ConnectsTo
            interfaces:
              Configure:
                pre_configure_source: s/before.yml
                pre_configure_target: t/before.yml
                post_configure_source: s/after.yml
                post_configure_target: t/after.yml
                add_source: t/add_source.yml
                add_target: s/add_target.yml
                remove_target: s/remove_target.yml
"""


def playbooks(plan: Plan) -> list[str]:
    components = {component["name"]: component for component in plan.components}
    return [
        components[stage["components"][0]]["operations"][stage["operation"]]["external"]["playbook"]
        for stage in plan.stages
    ]


def test_operations_run_in_the_normative_order(plan_text: PlanText) -> None:
    plan = plan_text(RELATED)
    assert playbooks(plan) == [
        "t/create.yml",
        "t/before.yml",
        "t/configure.yml",
        "t/after.yml",
        "t/start.yml",
        "s/create.yml",
        "s/before.yml",
        "s/configure.yml",
        "s/after.yml",
        "s/start.yml",
        "s/add_target.yml",
        "t/add_source.yml",
    ]
    told = "'Configure.remove_target' of the requirement 'dependency' of 'source' is not run"
    assert [warning["message"] for warning in plan.warnings] == [told]


def test_a_relationship_type_may_bring_the_operation(plan_text: PlanText, body: Callable[[str], str]) -> None:
    text = """
    node_templates:
      server: {type: indigo.Compute}
      pool: {type: test.Pool, requirements: [{host: server}]}
      cache:
        type: test.Cache
        requirements:
          - host: server
          - dependency:
              node: pool
              relationship: joined
    relationship_templates:
      joined:
        type: tosca.relationships.ConnectsTo
        interfaces:
          Configure:
            post_configure_source:
              implementation: test.paas.joined
              inputs: {joined_as: {get_property: [TARGET, submit]}}
    """
    plan = plan_text(text)
    operations = plan.components[1]["operations"]
    assert [(operation["operation"], operation["role"]) for operation in operations] == [
        ("create", "test.paas.cache"),
        ("post_configure_source", "test.paas.joined"),
    ]
    assert operations[1]["arguments"] == {"joined_as": True}
    assert [stage["name"] for stage in plan.stages] == ["pool", "cache", "joined"]


def test_an_operation_with_no_machine_to_run_on_is_reported(plan_text: PlanText) -> None:
    plan = plan_text(
        """
        node_templates:
          service: {type: Root}
          job:
            type: Root
            requirements:
              - dependency:
                  node: service
                  relationship:
                    type: tosca.relationships.ConnectsTo
                    interfaces: {Configure: {pre_configure_source: a.yml}}
        """
    )
    told = "'pre_configure_source' of the requirement 'dependency' of 'job' has no machine to run on"
    assert told in [warning["message"] for warning in plan.warnings]
    assert [application["name"] for application in plan.applications] == ["service", "job"]


@pytest.mark.parametrize(
    ("implementation", "role", "playbook"),
    [
        ("indigo.paas.htcondor", True, False),
        ("site.paas.yml", False, True),
        ("playbooks/a.yaml", False, True),
        ("https://example.org/a.yml?x=1", False, True),
        ("https://example.org/playbook", False, True),
        ("https://example.org/install.sh", False, False),
        ("install.sh", False, False),
        ("indigo.paas", False, False),
        ("javascript:alert(1)", False, False),
        ("", False, False),
    ],
)
def test_roles_and_playbooks(implementation: str, role: bool, playbook: bool) -> None:
    assert (is_role(implementation), is_playbook(implementation)) == (role, playbook)


DEPENDENT = """
node_templates:
  server: {type: indigo.Compute}
  portal:
    type: tosca.nodes.SoftwareComponent
    artifacts:
      web: {file: example.nginx, type: tosca.artifacts.AnsibleGalaxy.role}
      notes: {file: notes.txt, type: tosca.artifacts.File}
    requirements: [{host: server}]
    interfaces:
      Standard:
        configure:
          implementation:
            primary: portal.yml
            dependencies: %s
"""


@pytest.mark.parametrize(
    ("dependencies", "roles", "collections"),
    [
        ("[web, notes, lib.sh, tasks.more.yml]", ["example.nginx"], []),
        ("example.java", ["example.nginx", "example.java"], []),
        ("[example.java, 'example.db,1.2']", ["example.nginx", "example.java", "example.db,1.2"], []),
        ("['git+https://example.org/r.git,main']", ["example.nginx", "git+https://example.org/r.git,main"], []),
        (
            "[{file: example.tools, type: tosca.artifacts.AnsibleGalaxy.collection}]",
            ["example.nginx"],
            ["example.tools"],
        ),
    ],
)
def test_dependencies_of_an_implementation_are_installed(
    plan_text: PlanText, dependencies: str, roles: list[str], collections: list[str]
) -> None:
    (operation,) = plan_text(DEPENDENT % dependencies).components[0]["operations"]
    assert operation["external"]["playbook"] == "portal.yml"
    assert operation["external"]["galaxy_roles"] == roles
    assert operation["external"]["collections"] == collections


@pytest.mark.parametrize("dependencies", ["7", "[1]", "[{type: tosca.artifacts.File}]", "{web: x}"])
def test_dependencies_that_are_none(plan_text: PlanText, dependencies: str) -> None:
    with pytest.raises(TemplateError, match="the dependencies of 'configure' must be a list of artifacts"):
        plan_text(DEPENDENT % dependencies)


def test_dependencies_of_a_type_hold_for_its_nodes(vocabulary: Vocabulary, body: Callable[[str], str]) -> None:
    types = """
node_types:
  my.Portal:
    derived_from: tosca.nodes.SoftwareComponent
    interfaces:
      Standard: {configure: {implementation: {primary: portal.yml, dependencies: [example.java]}}}
"""
    text = """
node_templates:
  server: {type: indigo.Compute}
  portal:
    type: my.Portal
    requirements: [{host: server}]
    interfaces: {Standard: {configure: {inputs: {port: 80}}}}
"""
    (operation,) = make_plan(load(body(text) + types, vocabulary=vocabulary)).components[0]["operations"]
    assert operation["external"]["galaxy_roles"] == ["example.java"]
