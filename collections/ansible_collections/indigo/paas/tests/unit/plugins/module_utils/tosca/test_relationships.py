# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relationships are entities as nodes are: defaults, templates, attributes, functions that name them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Topology, Vocabulary, load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import outputs, role_arguments

TYPES = """
tosca_definitions_version: tosca_simple_yaml_1_3
relationship_types:
  lab.Uses:
    derived_from: tosca.relationships.HostedOn
    properties:
      mode: {type: string, default: ro}
      size: {type: integer, default: {get_property: [TARGET, host, num_cpus]}}
      whose: {type: string, required: false, default: {concat: [{get_property: [SELF, mode]}, ' of it']}}
      key: {type: string, required: false}
    attributes:
      state: {type: string, default: new}
      label: {type: string, default: {concat: [{get_property: [SELF, mode]}, '!']}}
    interfaces:
      Configure:
        post_configure_source:
          implementation: note.yml
          inputs:
            mode: {value: {get_property: [SELF, mode]}}
            size: {type: integer, value: {get_property: [SELF, size]}}
            whose: {get_property: [SELF, whose]}
            label: {get_attribute: [SELF, label]}
            level: {default: 3}
  lab.Strict:
    derived_from: lab.Uses
    properties: {needed: {type: string}}
topology_template:
  node_templates:
    box: {type: tosca.nodes.indigo.Compute, capabilities: {host: {properties: {num_cpus: 7}}}}
    app: {type: tosca.nodes.SoftwareComponent, requirements: [{host: REQUIREMENT}]}
"""
WIRE = """
  relationship_templates:
    wire: {type: lab.Uses, properties: {mode: fast}, attributes: {state: old}}
"""
DEFAULTS = {"mode": "ro", "size": 7, "whose": "ro of it", "label": "ro!", "level": 3}
FAST = {**DEFAULTS, "mode": "fast", "whose": "fast of it", "label": "fast!"}

Problems = Callable[..., list[Problem]]


def loaded(vocabulary: Vocabulary, requirement: str, more: str = "") -> Topology:
    return load(TYPES.replace("REQUIREMENT", requirement) + more, vocabulary=vocabulary)


def value_of(topology: Topology, name: str) -> Any:
    return outputs(make_plan(topology), {"nodes": []})[name]


@pytest.mark.parametrize(
    ("requirement", "arguments"),
    [
        ("{node: box, relationship: lab.Uses}", DEFAULTS),
        ("{node: box, relationship: {type: lab.Uses}}", DEFAULTS),
        ("{node: box, relationship: {type: lab.Uses, properties: {mode: fast}}}", FAST),
        ("{node: box, relationship: wire}", FAST),
        ("{relationship: wire}", FAST),
        ("{relationship: {type: lab.Uses}}", DEFAULTS),
        ("{node: tosca.nodes.Compute, relationship: lab.Uses}", DEFAULTS),
    ],
)
def test_a_relationship_has_the_properties_of_its_type(
    vocabulary: Vocabulary, requirement: str, arguments: dict[str, Any]
) -> None:
    topology = loaded(vocabulary, requirement, WIRE)
    (found,) = topology.nodes["app"].requirements
    (call,) = found.operations
    assert call.arguments == arguments
    assert found.properties == {name: arguments[name] for name in ("mode", "size", "whose")}
    plan = make_plan(topology)
    assert role_arguments(
        plan, {"nodes": [{"name": "n", "group": "box", "index": 0}]}, "n", plan.stages[0]["name"]
    ) == (arguments)


@pytest.mark.parametrize(
    ("function", "value"),
    [
        ("{get_property: [wire, mode]}", "fast"),
        ("{get_property: [wire, whose]}", "fast of it"),
        ("{get_property: [wire, size]}", 7),
        ("{get_attribute: [wire, state]}", "old"),
        ("{get_attribute: [wire, label]}", "fast!"),
        ("{get_attribute: [wire, mode]}", "fast"),
        ("{get_attribute: [wire, tosca_name]}", "wire"),
    ],
)
def test_a_function_may_name_a_relationship_template(vocabulary: Vocabulary, function: str, value: Any) -> None:
    more = f"{WIRE}  outputs: {{x: {{value: {function}}}}}\n"
    assert value_of(loaded(vocabulary, "{node: box, relationship: wire}", more), "x") == value


def test_each_use_of_a_relationship_template_has_ends_of_its_own(vocabulary: Vocabulary) -> None:
    text = TYPES.replace("REQUIREMENT", "{node: box, relationship: wire}").replace(
        "  node_templates:",
        "  node_templates:\n"
        "    more: {type: tosca.nodes.SoftwareComponent, requirements: [{host: {node: big, relationship: wire}}]}\n"
        "    big: {type: tosca.nodes.indigo.Compute, capabilities: {host: {properties: {num_cpus: 9}}}}",
    )
    topology = load(text + WIRE, vocabulary=vocabulary)
    sizes = {name: topology.nodes[name].requirements[0].properties["size"] for name in ("app", "more")}
    assert sizes == {"app": 7, "more": 9}


@pytest.mark.parametrize(
    ("uses", "function", "messages"),
    [
        ("wire", "{get_attribute: [wire, label]}", ["'wire' is one relationship for each of 2 requirements"]),
        ("wire", "{get_property: [wire, size]}", ["'wire' is one relationship for each of 2 requirements"]),
        ("wire", "{get_attribute: [app, state]}", []),
        ("lab.Uses", "{get_attribute: [wire, label]}", []),
    ],
)
def test_a_function_that_may_mean_several_relationships_is_told(
    vocabulary: Vocabulary, uses: str, function: str, messages: list[str]
) -> None:
    more = (
        f"more: {{type: tosca.nodes.SoftwareComponent, requirements: [{{host: {{node: box, relationship: {uses}}}}}]}}"
    )
    text = TYPES.replace("REQUIREMENT", "{node: box, relationship: wire}").replace("    box:", f"    {more}\n    box:")
    topology = load(f"{text}{WIRE}  outputs: {{x: {{value: {function}}}}}\n", vocabulary=vocabulary)
    found = [each for each in make_plan(topology).warnings if "several" in str(each) or "relationship" in str(each)]
    assert [each["message"] for each in found] == messages
    assert all("'app'" in each["hint"] for each in found)


def test_a_relationship_template_that_nothing_uses_has_values_too(vocabulary: Vocabulary) -> None:
    wire = "  relationship_templates: {wire: {type: tosca.relationships.AttachesTo, properties: {location: /a}}}\n"
    more = f"{wire}  outputs: {{x: {{value: {{get_property: [wire, location]}}}}}}\n"
    assert value_of(loaded(vocabulary, "box", more), "x") == "/a"


@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        (
            "{node: box, relationship: {type: lab.Uses, properties: {moed: x}}}",
            "the requirement 'host' of 'app' has no property 'moed'",
        ),
        (
            "{node: box, relationship: {type: lab.Strict}}",
            "property 'needed' of the requirement 'host' of 'app' is required",
        ),
        (
            "{node: box, relationship: {type: lab.Uses, properties: {size: many}}}",
            "property 'size' of the requirement 'host' of 'app': 'many' is not a whole number",
        ),
        (
            "{node: box, relationship: {type: lab.Uses, properties: {key: {get_property: [SELF, keys]}}}}",
            "get_property: 'SELF' (the requirement 'host' of 'app') has no property 'keys'",
        ),
        (
            "{node: box, relationship: {type: lab.Uses, properties: {key: {get_property: [SELF, key]}}}}",
            "properties that refer to each other: app.host.key -> app.host.key",
        ),
        (
            "{node: box, relationship: {type: lab.Uses, attributes: {lebel: x}}}",
            "the requirement 'host' of 'app' has no attribute 'lebel'",
        ),
        ("{node: box, relationship: {type: lab.Nothing}}", "the relationship type is unknown: 'lab.Nothing'"),
    ],
)
def test_what_is_wrong_with_a_relationship_is_told_once(problems: Problems, requirement: str, message: str) -> None:
    (found,) = problems(TYPES.replace("REQUIREMENT", requirement))
    assert found.message == message
    assert found.line


def test_a_type_alone_need_not_say_what_it_requires(vocabulary: Vocabulary) -> None:
    (found,) = loaded(vocabulary, "{node: box, relationship: lab.Strict}").nodes["app"].requirements
    assert found.properties["mode"] == "ro"


def test_a_broken_relationship_template_makes_no_second_error(problems: Problems) -> None:
    more = "  relationship_templates: {wire: {type: lab.Nothing}}\n  outputs: {x: {value: {get_property: [wire, a]}}}\n"
    (found,) = problems(TYPES.replace("REQUIREMENT", "box") + more)
    assert found.message == "the relationship type is unknown: 'lab.Nothing'"


def test_a_node_template_of_the_same_name_is_meant(vocabulary: Vocabulary) -> None:
    more = WIRE.replace("wire:", "box:") + "  outputs: {x: {value: {get_property: [box, host, num_cpus]}}}\n"
    assert value_of(loaded(vocabulary, "{node: box, relationship: box}", more), "x") == 7


def test_many_relationships_of_one_kind_are_told_apart(vocabulary: Vocabulary) -> None:
    many = ", ".join(["{dependency: {node: box, relationship: {type: lab.Uses, properties: {mode: M}}}}"] * 3)
    text = TYPES.replace("[{host: REQUIREMENT}]", f"[{{host: box}}, {many}]")
    for mode in "abc":
        text = text.replace("mode: M", f"mode: {mode}", 1)
    requirements = load(text, vocabulary=vocabulary).nodes["app"].requirements
    assert [found.properties["mode"] for found in requirements if found.name == "dependency"] == ["a", "b", "c"]
