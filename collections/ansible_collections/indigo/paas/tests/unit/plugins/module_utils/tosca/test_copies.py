# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A template that copies another one (TOSCA 1.3, 3.8.3) is that one but for the keys that it writes itself."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Topology, Vocabulary, load, make_plan

Load = Callable[..., Topology]
Problems = Callable[..., list[Problem]]
Body = Callable[[str], str]

PARTS = st.fixed_dictionaries(
    {},
    optional={
        "properties": st.sampled_from([{"instance_name": "a"}, {"instance_name": "b", "tags": {"x": "y"}}, {}]),
        "attributes": st.sampled_from([{"state": "s"}, {}]),
        "capabilities": st.sampled_from([{"host": {"properties": {"num_cpus": 3}}}, {"scalable": {}}, None]),
        "requirements": st.sampled_from([[], [{"dependency": "other"}]]),
        "description": st.text("ab"),
    },
)


@given(PARTS, PARTS)
def test_a_copy_is_the_other_with_its_own_keys(
    vocabulary: Vocabulary, parts: dict[str, Any], own: dict[str, Any]
) -> None:
    source = {"type": "tosca.nodes.indigo.Compute", **parts}
    nodes: dict[str, Any] = {"twin": {"copy": "source", **own}, "source": source, "other": {"type": "Compute"}}
    written_out = copy.deepcopy(nodes)
    written_out["twin"] = {**source, **own}
    plans = [make_plan(load(yaml.safe_dump(template(each)), vocabulary=vocabulary)) for each in (nodes, written_out)]
    # What is told of them is the same, though not on the same lines.
    told = [[warning["message"] for warning in plan.warnings] for plan in plans]
    assert told[0] == told[1]
    assert replace(plans[0], warnings=[]) == replace(plans[1], warnings=[])


def template(nodes: dict[str, Any]) -> dict[str, Any]:
    return {"tosca_definitions_version": "tosca_simple_yaml_1_3", "topology_template": {"node_templates": nodes}}


def test_a_relationship_template_may_be_a_copy(load_text: Load) -> None:
    topology = load_text(
        """
        relationship_templates:
          first: {type: tosca.relationships.AttachesTo, properties: {location: /one, device: sda}}
          second: {copy: first, properties: {location: /two}}
        node_templates:
          server: {type: Compute, requirements: [{local_storage: {node: disk, relationship: second}}]}
          disk: {type: BlockStorage, properties: {size: 1 GB}}
        """
    )
    (found,) = topology.nodes["server"].requirements
    assert found.properties == {"location": "/two"}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("§absent}, b: {type: Compute", "'a' copies 'absent', which is no node template", "There are no"),
        ("§boxx}, box: {type: Compute", "'a' copies 'boxx', which is no node template", "Did you mean 'box'?"),
        ("§a", "'a' copies 'a', which is a copy itself", "Copy the node template"),
        ("§[b]}, b: {type: Compute", "'a' copies '['b']', which is no node template", "Known node templates: b."),
        (
            "b}, b: {copy: §c}, c: {copy: d}, d: {type: Compute",
            "'b' copies 'c', which is a copy itself",
            "Copy the node template that 'c' is a copy of.",
        ),
    ],
)
def test_what_cannot_be_copied_is_told(problems: Problems, body: Body, text: str, message: str, hint: str) -> None:
    whole = body(f"node_templates: {{a: {{copy: {text}}}}}")
    at = whole.index("§")
    found = next(problem for problem in problems(whole.replace("§", "")) if problem.message == message)
    assert hint in (found.hint or "") or found.hint == "Known node templates: b."
    assert found.column == at - whole.rindex("\n", 0, at)


def test_a_fault_of_a_copied_template_is_told_where_it_is_written(problems: Problems, body: Body) -> None:
    found = problems(body("node_templates:\n  a: {type: Compute, properties: {x: {get_input: no}}}\n  b: {copy: a}\n"))
    assert {problem.line for problem in found} == {4}
