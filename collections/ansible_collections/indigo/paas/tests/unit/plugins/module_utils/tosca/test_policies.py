# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan

PlanText = Callable[..., Plan]
Problems = Callable[..., list[Problem]]
Body = Callable[[str], str]

NODES = """
node_templates:
  one: {type: indigo.Compute}
  two: {type: indigo.Compute}
"""
GROUPS = NODES + "groups: {both: {type: tosca.groups.Root, members: [one, two]}, none: {type: tosca.groups.Root}}\n"


def test_groups_are_in_the_plan(plan_text: PlanText) -> None:
    assert plan_text(GROUPS).node_groups == [
        {"name": "both", "type": "tosca.groups.Root", "members": ["one", "two"], "properties": {}},
        {"name": "none", "type": "tosca.groups.Root", "members": [], "properties": {}},
    ]


def test_a_policy_for_a_group_is_for_its_members(plan_text: PlanText) -> None:
    text = GROUPS + "policies: [{p: {type: tosca.policies.Placement, targets: [two, both]}}]\n"
    assert plan_text(text).policies[0]["targets"] == ["two", "one"]


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("tosca.policies.Placement", {}),
        ("tosca.policies.Scaling", {}),
        ("tosca.policies.indigo.Placement", {"cloud_id": "site"}),
        ("tosca.policies.indigo.SlaPlacement", {"sla_id": "sla"}),
        ("tosca.policies.indigo.CredentialsAwareSlaPlacement", {"sla_id": "sla", "username": "u", "password": "p"}),
    ],
)
def test_policies_of_each_kind(kind: str, properties: dict[str, Any], plan_text: PlanText) -> None:
    text = NODES + f"policies: [{{p: {{type: {kind}, targets: [one], properties: {properties}}}}}]\n"
    (policy,) = plan_text(text).policies
    assert (policy["type"], policy["properties"]) == (kind, properties)
    assert policy["types"][-1] == "tosca.policies.Root"


def test_triggers_and_workflows_are_said_not_to_run(plan_text: PlanText) -> None:
    text = NODES + (
        "policies: [{p: {type: tosca.policies.Scaling, targets: [one], triggers: {t: {}}}}]\n"
        "workflows: {deploy: {steps: {}}}\n"
        "substitution_mappings: {node_type: tosca.nodes.Compute}\n"
    )
    messages = [problem["message"] for problem in plan_text(text).warnings]
    assert messages == [
        "the 'triggers' of policy 'p' start nothing here",
        "'workflows' are not run",
        "'substitution_mappings' has no effect here",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "groups: {g: {type: tosca.groups.Root, members: [three]}}",
            "the group 'g' has the member 'three', which is no node",
        ),
        ("groups: {g: {type: tosca.groups.Nothing}}", "the group type is unknown"),
        ("groups: [g]", "'groups' must be a mapping"),
        (
            "policies: [{p: {type: tosca.policies.Placement, targets: three}}]",
            "the policy 'p' is for 'three', which is no",
        ),
        ("policies: 5", "'policies' must be a list"),
        ("policies: [5]", "a policy must be one name and its body"),
        ("substitution_mappings: {node_type: tosca.nodes.Nothing}", "the node type is unknown"),
    ],
)
def test_groups_and_policies_that_are_wrong(text: str, message: str, problems: Problems, body: Body) -> None:
    (problem,) = problems(body(NODES + text))
    assert message in problem.message
    assert problem.line == 6
    assert problem.hint


def test_interfaces_of_groups_are_said_not_to_run(plan_text: PlanText) -> None:
    text = NODES + (
        "groups: {g: {type: tosca.groups.Root, members: [one], interfaces: {Standard: {configure: a.yml}}}}\n"
    )
    messages = [problem["message"] for problem in plan_text(text).warnings]
    assert messages == ["the 'interfaces' of the group 'g' are not run"]
