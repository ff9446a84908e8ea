# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, Topology

Load = Callable[..., Topology]
PlanText = Callable[..., Plan]
Problems = Callable[..., list[Problem]]
Body = Callable[[str], str]

MACHINES = """
inputs: {cpus: {type: integer, default: 8}}
node_templates:
  small: {type: indigo.Compute, capabilities: {host: {properties: {num_cpus: 1, mem_size: 1 GB}}}}
  large:
    type: indigo.Compute
    capabilities:
      host: {properties: {num_cpus: {get_input: cpus}, mem_size: 16 GB}}
      os: {properties: {distribution: debian}}
  pool:
    type: test.Pool
    requirements:
      - host: REQUIREMENT
"""


def chosen(load_text: Load, requirement: str) -> str | None:
    return load_text(MACHINES.replace("REQUIREMENT", requirement)).nodes["pool"].host


@pytest.mark.parametrize(
    ("requirement", "host"),
    [
        ("{node: tosca.nodes.indigo.Compute}", "small"),
        ("{capability: tosca.capabilities.Container}", "small"),
        ("{node_filter: {capabilities: [{host: {properties: [{num_cpus: {greater_or_equal: 4}}]}}]}}", "large"),
        ("{node_filter: {capabilities: {host: {properties: [{mem_size: {in_range: [2 GB, 32 GB]}}]}}}}", "large"),
        ("{node_filter: {capabilities: [{host: {properties: [{num_cpus: 8}]}}]}}", "large"),
        (
            "{node_filter: {capabilities: {tosca.capabilities.OperatingSystem: {properties: {distribution: debian}}}}}",
            "large",
        ),
        (
            "{node_filter: {capabilities: [{host: {properties: [{num_cpus: [{greater_than: 0}, {less_than: 2}]}]}}]}}",
            "small",
        ),
        ("{node: large, node_filter: {capabilities: [{host: {properties: [{num_cpus: 8}]}}]}}", "large"),
        ("{node_filter: {properties: [{instance_name: ''}]}}", "small"),
    ],
)
def test_the_first_node_that_fits_is_taken(load_text: Load, requirement: str, host: str) -> None:
    assert chosen(load_text, requirement) == host


@pytest.mark.parametrize(
    ("requirement", "message", "hint"),
    [
        (
            "{§node_filter: {capabilities: [{host: {properties: [{num_cpus: {greater_than: 64}}]}}]}}",
            "no node template fits the requirement 'host' of 'pool'",
            "'host.num_cpus' of 'small' is '1' and breaks the constraint greater_than: 64; 'host.num_cpus' of 'large'",
        ),
        (
            "{§node_filter: {capabilities: [{gpu: {properties: []}}, {gpu: {properties: [{x: 1}]}}]}}",
            "no node template fits",
            "'small' has no capability 'gpu'",
        ),
        ("{§node_filter: {properties: [{colour: red}]}}", "no node template fits", "'colour' of 'small' is not set"),
        (
            "{node: large, §node_filter: {capabilities: [{host: {properties: [{num_cpus: 1}]}}]}}",
            "'large' does not fit",
            "is '8'",
        ),
        (
            "{node_filter: {capabilities: §{host: {properties: [{num_cpus: {about: 1}}]}}}}",
            "node_filter: unknown constraint 'about'",
            None,
        ),
    ],
)
def test_no_node_that_fits(requirement: str, message: str, hint: str | None, problems: Problems, body: Body) -> None:
    before, _mark, after = body(MACHINES.replace("REQUIREMENT", requirement)).partition("§")
    found = problems(before + after)
    matching = [problem for problem in found if message in problem.message]
    assert matching, [str(problem) for problem in found]
    assert matching[0].line == before.count("\n") + 1
    assert hint is None or hint in (matching[0].hint or "")


def test_nothing_of_the_type_that_is_asked_for(problems: Problems, body: Body) -> None:
    text = body("node_templates: {p: {type: test.Pool, requirements: [{host: {node: tosca.nodes.Compute}}]}}")
    (problem,) = problems(text)
    assert problem.hint == "Add a node template of type tosca.nodes.Compute."


def test_a_node_never_chooses_itself(problems: Problems, body: Body) -> None:
    text = body("node_templates: {r: {type: Root, requirements: [{dependency: {node: tosca.nodes.Root}}]}}")
    assert "no node template fits" in problems(text)[0].message
