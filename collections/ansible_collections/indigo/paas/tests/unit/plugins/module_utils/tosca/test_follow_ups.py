# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault is told once: not again for all that depends on it; and what nothing depends on does no harm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, Vocabulary, plan_template

Problems = Callable[..., list[Problem]]
Body = Callable[[str], str]

VERSION = "tosca_definitions_version: tosca_simple_yaml_1_3\n"
# Types of every kind, in a file of their own.
TYPES = (
    VERSION
    + """
data_types:
  lab.Pair: {derived_from: tosca.datatypes.Root, properties: {one: {type: string}, two: {type: integer}}}
  lab.Word: {derived_from: string}
capability_types:
  lab.Socket: {derived_from: tosca.capabilities.Endpoint, properties: {pair: {type: lab.Pair, required: false}}}
relationship_types:
  lab.Joins: {derived_from: tosca.relationships.ConnectsTo, properties: {mode: {type: lab.Word, default: x}}}
interface_types:
  lab.Care: {derived_from: tosca.interfaces.Root, mend: {}}
policy_types:
  lab.Near: {derived_from: tosca.policies.Placement, properties: {where: {type: string, required: false}}}
group_types:
  lab.Flock: {derived_from: tosca.groups.Root}
node_types:
  lab.Machine:
    derived_from: tosca.nodes.indigo.Compute
    properties: {pair: {type: lab.Pair, required: false}, word: {type: lab.Word, default: y}}
    attributes: {port: {type: integer, default: 1}}
    capabilities: {socket: lab.Socket}
  lab.Service:
    derived_from: tosca.nodes.SoftwareComponent
    requirements:
      - partner: {capability: lab.Socket, node: lab.Machine, relationship: lab.Joins, occurrences: [0, 1]}
"""
)
# Parts of a template that need the types in one way or another.
OWN_TYPES = {
    "node_types": {
        "my.Machine": {
            "derived_from": "tosca.nodes.indigo.Compute",
            "properties": {"pair": {"type": "lab.Pair", "required": False, "constraints": []}},
            "capabilities": {"socket": {"type": "lab.Socket"}},
        },
        "my.Derived": {"derived_from": "lab.Machine"},
        "my.Service": {
            "derived_from": "lab.Service",
            "interfaces": {"Care": {"type": "lab.Care"}},
        },
    }
}
NODES: dict[str, Any] = {
    "plain": {"type": "tosca.nodes.indigo.Compute"},
    "box": {"type": "lab.Machine", "properties": {"pair": {"one": "a", "two": 2}}},
    "own": {"type": "my.Machine", "properties": {"pair": {"one": "a", "two": 2}}},
    "derived": {"type": "my.Derived", "capabilities": {"socket": {"properties": {"protocol": "tcp"}}}},
    "service": {"type": "lab.Service", "requirements": [{"host": "box"}, {"partner": "box"}]},
    "chosen": {"type": "my.Service", "requirements": [{"host": "plain"}, {"partner": {"node": "lab.Machine"}}]},
    "joined": {
        "type": "tosca.nodes.SoftwareComponent",
        "requirements": [{"host": "plain"}, {"dependency": {"node": "box", "relationship": "lab.Joins"}}],
    },
    "wired": {
        "type": "tosca.nodes.SoftwareComponent",
        "requirements": [{"host": "own"}, {"dependency": {"node": "service", "relationship": "wire"}}],
    },
}
OUTPUTS = {
    "pair": {"get_property": ["box", "pair", "one"]},
    "port": {"get_attribute": ["derived", "port"]},
    "socket": {"get_property": ["own", "socket", "protocol"]},
    "host": {"get_property": ["service", "host", "num_cpus"]},
    "mode": {"get_property": ["wire", "mode"]},
    "line": {"join": [[{"get_property": ["box", "word"]}], ","]},
    "address": {"get_attribute": ["own", "private_address", 0]},
}
NEEDED = {
    "box": [],
    "service": ["box"],
    "chosen": ["box", "plain"],
    "joined": ["box", "plain"],
    "wired": ["own", "service", "box"],
}


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    names = {"plain", "box", *draw(st.lists(st.sampled_from(sorted(NODES)), unique=True))}
    names |= {needed for name in list(names) for needed in NEEDED.get(name, [])}
    outputs = draw(st.lists(st.sampled_from(sorted(OUTPUTS)), unique=True))
    kept = [name for name in outputs if OUTPUTS[name].get("join") or known(OUTPUTS[name], names)]
    return {
        "tosca_definitions_version": "tosca_simple_yaml_1_3",
        "imports": ["types.yaml"],
        **OWN_TYPES,
        "topology_template": {
            "node_templates": {name: NODES[name] for name in draw(st.permutations(sorted(names)))},
            "relationship_templates": {"wire": {"type": "lab.Joins", "properties": {"mode": "slow"}}},
            "groups": {"flock": {"type": "lab.Flock", "members": ["box"]}},
            "policies": [{"near": {"type": "lab.Near", "targets": ["flock"]}}],
            "outputs": {name: {"value": OUTPUTS[name]} for name in kept},
        },
    }


def known(function: dict[str, Any], names: set[str]) -> bool:
    ((_name, arguments),) = function.items()
    return arguments[0] in {*names, "wire"}


def planned(template: dict[str, Any], vocabulary: Vocabulary, types: str | None) -> Plan:
    def resolve(target: str, _importer: str) -> tuple[str, str] | None:
        return (target, types) if types is not None else None

    return plan_template(yaml.safe_dump(template, sort_keys=False), vocabulary=vocabulary, resolver=resolve)


@given(templates())
def test_a_missing_import_is_one_error(vocabulary: Vocabulary, template: dict[str, Any]) -> None:
    planned(template, vocabulary, TYPES)
    with pytest.raises(TemplateError) as caught:
        planned(template, vocabulary, None)
    assert [problem.message for problem in caught.value.problems] == ["import not found: 'types.yaml'"]


@given(templates())
def test_an_import_that_cannot_be_read_is_one_error(vocabulary: Vocabulary, template: dict[str, Any]) -> None:
    with pytest.raises(TemplateError) as caught:
        planned(template, vocabulary, "node_types: [")
    assert len(caught.value.problems) == 1


def test_what_is_wrong_besides_a_missing_import_is_told_too(vocabulary: Vocabulary) -> None:
    template: dict[str, Any] = {
        "tosca_definitions_version": "tosca_simple_yaml_1_3",
        "imports": ["types.yaml"],
        "topology_template": {"node_templates": {"box": {"type": "Compute", "properties": {"x": {"get_input": "y"}}}}},
    }
    with pytest.raises(TemplateError) as caught:
        planned(template, vocabulary, None)
    assert len(caught.value.problems) == 2


BROKEN = {
    "a field of an unknown type": "  lab.Broken: {derived_from: lab.Used, attributes: {x: {type: lab.Nowhere}}}",
    "an unknown parent": "  lab.Broken: {derived_from: lab.Nowhere}",
    "an unknown capability": "  lab.Broken: {derived_from: lab.Used, capabilities: {x: lab.Nowhere}}",
    "derived from itself": "  lab.Broken: {derived_from: lab.Broken}",
    "a wrong constraint": (
        "  lab.Broken: {derived_from: lab.Used, attributes: {x: {type: integer, constraints: [{in_range: few}]}}}"
    ),
    "no mapping": "  lab.Broken: nothing",
}
USED = VERSION + "node_types:\n  lab.Used: {derived_from: tosca.nodes.indigo.Compute}\n"


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_an_imported_type_that_is_wrong_harms_only_who_uses_it(vocabulary: Vocabulary, broken: str) -> None:
    template: dict[str, Any] = {
        "tosca_definitions_version": "tosca_simple_yaml_1_3",
        "imports": ["types.yaml"],
        "topology_template": {"node_templates": {"box": {"type": "lab.Used"}}},
    }
    types = f"{USED}{broken}\n"
    (warning,) = planned(template, vocabulary, types).warnings
    assert (warning["file"], warning["line"]) == ("types.yaml", 4)
    with pytest.raises(TemplateError):
        plan_template(
            yaml.safe_dump(template), vocabulary=vocabulary, resolver=lambda target, _by: (target, types), strict=True
        )
    template["topology_template"]["node_templates"]["bad"] = {"type": "lab.Broken"}
    with pytest.raises(TemplateError) as caught:
        planned(template, vocabulary, types)
    assert len(caught.value.problems) == 1


def test_a_type_of_the_template_itself_that_is_wrong_is_an_error(problems: Problems) -> None:
    text = USED + BROKEN["an unknown parent"] + "\ntopology_template: {node_templates: {box: {type: lab.Used}}}\n"
    (found,) = problems(text)
    assert "lab.Nowhere" in found.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "node_templates: {a: {type: Compute}, b: {type: BlockStorage, properties: {size: [1]}}}\n"
            "outputs: {x: {value: {concat: [{get_property: [b, size]}]}}}",
            "property 'size' of 'b': a list is not a scalar-unit.size: a scalar-unit.size is a number and a unit, "
            "such as '2 GB'",
        ),
        (
            "inputs: {n: {type: list, default: [a, b]}}\n"
            "node_templates: {a: {type: Compute}}\noutputs: {x: {value: {get_input: [n, 2]}}}",
            "there is nothing at '2' of the input 'n'",
        ),
        (
            "groups: {all: {type: lab.Nowhere, members: [a]}}\npolicies: [{p: {type: Placement, targets: [all]}}]\n"
            "node_templates: {a: {type: Compute}}",
            "the group type is unknown: 'lab.Nowhere'",
        ),
    ],
)
def test_one_fault_is_one_error(problems: Problems, body: Body, text: str, message: str) -> None:
    assert [problem.message for problem in problems(body(text))] == [message]


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("map, x", "there is nothing at 'x' of the input 'map'", "Known names: deep, list."),
        ("map, lists", "there is nothing at 'lists' of the input 'map'", "Did you mean 'list'?"),
        ("map, list, 2", "there is nothing at '2' of the input 'map'.list", "It is a list of 2, counted from 0."),
        ("map, deep, a, b", "there is nothing at 'b' of the input 'map'.deep.a", "It has no parts."),
        ("map, deep, none, b", "there is nothing at 'b' of the input 'map'.deep.none", "It has no value."),
        ("map, deep, empty, 0", "there is nothing at '0' of the input 'map'.deep.empty", "It is an empty list."),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_looked(
    problems: Problems, body: Body, path: str, message: str, hint: str
) -> None:
    text = f"""
    inputs: {{map: {{type: map, default: {{list: [a, b], deep: {{a: 1, none: null, empty: []}}}}}}}}
    node_templates: {{a: {{type: Compute}}}}
    outputs: {{x: {{value: {{get_input: [{path}]}}}}}}
    """
    (found,) = problems(body(text))
    assert (found.message, found.hint) == (message, hint)


@pytest.mark.parametrize("text", ["{}", "{inputs: {}}", "{node_templates: {}}", "{description: x}"])
def test_a_template_of_nothing_is_told(problems: Problems, text: str) -> None:
    (found,) = problems(f"{VERSION}topology_template: {text}\n")
    assert found.message == "there are no node templates"
    assert (found.line, found.column) == (2, 20)
