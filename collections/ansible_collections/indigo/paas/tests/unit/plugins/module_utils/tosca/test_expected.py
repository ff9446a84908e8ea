# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments and outputs that are known only at run time: the same as if they had been known from the beginning."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Vocabulary, load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import outputs, role_arguments
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report

TEMPLATE = """tosca_definitions_version: tosca_simple_yaml_1_3
data_types:
  my.Port: {derived_from: integer, constraints: [{in_range: [1, 10]}]}
  my.Listener:
    properties:
      port: {type: my.Port}
      name: {type: string, default: web}
node_types:
  my.Teller:
    derived_from: tosca.nodes.SoftwareComponent
    attributes: {told: {type: string}}
    interfaces:
      Standard: {configure: {implementation: teller.yml, outputs: {fact: [SELF, told]}}}
  my.Reader:
    derived_from: tosca.nodes.SoftwareComponent
    properties:
      number: {type: integer, required: false, constraints: [{in_range: [1, 10]}]}
      listener: {type: my.Listener, required: false}
      ports: {type: list, required: false, entry_schema: {type: my.Port}}
      text: {type: string, required: false}
      size: {type: scalar-unit.size, required: false}
      again: {type: string, required: false}
    interfaces:
      Standard: {configure: {implementation: reader.yml, inputs: {argument: {get_property: [SELF, PROPERTY]}}}}
topology_template:
  node_templates:
    a: {type: my.Teller, requirements: [{host: server}]}
    b:
      type: my.Reader
      properties:
        VALUES
      requirements: [{host: server}]
    server: {type: tosca.nodes.indigo.Compute}
  outputs:
    seen: {value: {get_property: [b, PROPERTY]}}
"""
LINE, LINE_OF_OUTPUT = (TEMPLATE[: TEMPLATE.index(each)].count("\n") + 1 for each in ("VALUES", "seen:"))
TOLD = "{get_attribute: [a, told]}"


@pytest.fixture
def made(vocabulary: Vocabulary) -> Callable[..., tuple[dict[str, Any], list[Problem], dict[str, Any]]]:
    """Return the arguments, what is wrong with them, and the output of a template, once `a` has told a value."""

    def make(name: str, values: str, told: Any) -> tuple[dict[str, Any], list[Problem], dict[str, Any]]:
        text = TEMPLATE.replace("PROPERTY", name).replace("VALUES", values)
        plan = json.loads(json.dumps(make_plan(load(text, vocabulary=vocabulary)).to_dict()))
        node = {"name": "m-0", "group": "server", "index": 0, "private_address": ["10.0.0.1"]}
        state = {"nodes": [node], "facts": {"m-0": {"a": {"0": {"fact": told}}}} if told is not None else {}}
        (stage,) = [each["name"] for each in plan["stages"] if each["components"] == ["b"]]
        report = Report()
        found = role_arguments(plan, state, "m-0", stage, report)
        return found, report.errors, outputs(plan, state)

    return make


@pytest.mark.parametrize(
    ("name", "value", "told", "expected"),
    [
        ("number", TOLD, "7", 7),
        ("number", TOLD, 7, 7),
        ("text", TOLD, 7, "7"),
        ("text", f"{{token: [{TOLD}, '@', 0]}}", "a@b", "a"),
        ("ports", TOLD, ["1", 2], [1, 2]),
        ("ports", f"[{TOLD}, 3]", "1", [1, 3]),
        ("listener", f"{{port: {TOLD}}}", "9", {"port": 9, "name": "web"}),
        ("listener", TOLD, {"port": "9"}, {"port": 9, "name": "web"}),
        ("size", TOLD, "2 GB", "2 GB"),
    ],
)
def test_a_value_that_is_told_becomes_what_its_property_makes_of_it(
    made: Callable[..., Any], name: str, value: str, told: Any, expected: Any
) -> None:
    found, wrong, _seen = made(name, f"{name}: {value}", told)
    assert found == {"argument": expected}
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "value", "told", "message", "hint"),
    [
        (
            "number",
            TOLD,
            "99",
            "property 'number' of 'b': '99' breaks the constraint in_range: [1, 10]",
            "Choose a value within it.",
        ),
        ("number", TOLD, "many", "property 'number' of 'b': 'many' is not a whole number", "Give a value such as 4."),
        (
            "ports",
            TOLD,
            [1, 11],
            "item 1 of property 'ports' of 'b': '11' breaks the constraint in_range: [1, 10]",
            "Choose a value within it.",
        ),
        (
            "listener",
            TOLD,
            {"name": "x"},
            "property 'listener' of 'b' lacks 'port'",
            "Add `port:` to it.",
        ),
        (
            "text",
            f"{{token: [{TOLD}, '@', 9]}}",
            "a@b",
            "'argument' of 'configure' of 'b': 'token' finds only 2 parts in the text, counted from 0",
            None,
        ),
        (
            "text",
            f"{{concat: [x, {TOLD}]}}",
            ["a"],
            "'argument' of 'configure' of 'b': 'concat' joins texts and numbers, here is a list",
            "Pick one value of it.",
        ),
        (
            "text",
            "{get_attribute: [a, told, 3]}",
            ["a"],
            "'argument' of 'configure' of 'b': there is nothing at '3' of 'told' of 'a'",
            "It is a list of 1, counted from 0.",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_its_line(
    made: Callable[..., Any], name: str, value: str, told: Any, message: str, hint: str | None
) -> None:
    found, wrong, _seen = made(name, f"{name}: {value}", told)
    assert found == {}
    assert [(each.message, each.file, each.line, each.hint) for each in wrong] == [(message, "template", LINE, hint)]


def test_a_property_that_is_only_a_part_is_held_against_its_type(made: Callable[..., Any]) -> None:
    values = f"number: {TOLD}\n        again: {{concat: [number, ' ', {{get_property: [SELF, number]}}]}}"
    assert made("again", values, "9")[0] == {"argument": "number 9"}
    found, wrong, _seen = made("again", values, "99")
    assert found == {}
    assert [each.line for each in wrong] == [LINE]
    assert wrong[0].message == "property 'number' of 'b': '99' breaks the constraint in_range: [1, 10]"


def test_what_is_not_there_yet_is_left_out(made: Callable[..., Any]) -> None:
    for name, value in (("number", TOLD), ("text", f"{{token: [{TOLD}, '@', 9]}}")):
        assert made(name, f"{name}: {value}", None) == ({}, [], {"seen": None})


def test_a_plan_that_was_kept_without_checks_is_read(vocabulary: Vocabulary) -> None:
    text = TEMPLATE.replace("PROPERTY", "number").replace("VALUES", f"number: {TOLD}")
    plan = make_plan(load(text, vocabulary=vocabulary)).to_dict()
    del plan["data_types"]
    for component in plan["components"]:
        for operation in component["operations"]:
            operation.pop("checks", None)
    node = {"name": "m-0", "group": "server", "index": 0}
    state = {"nodes": [node], "facts": {"m-0": {"a": {"0": {"fact": "99"}}}}}
    assert role_arguments(plan, state, "m-0", plan["stages"][1]["name"]) == {"argument": "99"}


@pytest.mark.parametrize(
    ("value", "expected", "message"),
    [
        (f"{{token: [{TOLD}, '@', 9]}}", None, "the output 'seen' is null: 'token' finds only 2 parts in the text"),
        ("{get_attribute: [a, told, x]}", None, "the output 'seen' is null: there is nothing at 'x' of 'told'"),
        (f"[{TOLD}, {{token: [{TOLD}, '@', 9]}}]", ["a@b", None], "a part of the output 'seen' is null: 'token'"),
    ],
)
def test_an_output_that_cannot_be_computed_is_null_with_a_warning(
    vocabulary: Vocabulary, value: str, expected: Any, message: str
) -> None:
    text = TEMPLATE.replace("{get_property: [b, PROPERTY]}", value).replace("PROPERTY", "text").replace("VALUES", "{}")
    plan = make_plan(load(text, vocabulary=vocabulary))
    node = {"name": "m-0", "group": "server", "index": 0}
    warnings: list[Problem] = []
    state = {"nodes": [node], "facts": {"m-0": {"a": {"0": {"fact": "a@b"}}}}}
    assert outputs(plan, state, warnings) == {"seen": expected}
    ((problem),) = warnings
    assert problem.message.startswith(message)
    assert (problem.line, problem.severity) == (LINE_OF_OUTPUT, "warning")


ADDRESSES = """
node_templates:
  web: {{type: indigo.Compute, capabilities: {{scalable: {{properties: {{count: 3}}}}}}}}
outputs:
  one: {{value: {{get_attribute: [web, public_address, {}]}}}}
  all: {{value: {{get_attribute: [web, public_address]}}}}
  line: {{value: {{join: [{{get_attribute: [web, public_address]}}, ',']}}}}
"""


@pytest.mark.parametrize(("index", "expected"), [(0, None), (1, "192.0.2.1"), (2, "192.0.2.2"), ('"2"', "192.0.2.2")])
def test_an_index_means_that_machine(plan_text: Callable[..., Any], index: Any, expected: str | None) -> None:
    nodes = [
        {"name": f"web-{n}", "group": "web", "index": n, "public_address": [f"192.0.2.{n}"] if n else []}
        for n in range(3)
    ]
    warnings: list[Problem] = []
    found = outputs(plan_text(ADDRESSES.format(index)), {"nodes": nodes}, warnings)
    assert found == {"one": expected, "all": ["192.0.2.1", "192.0.2.2"], "line": "192.0.2.1,192.0.2.2"}
    assert warnings == []


READS = """
node_templates:
  worker:
    type: test.Worker
    properties:
      front_end_ip: {get_attribute: [fe_server, private_address, 0]}
    requirements: [{host: wn_server}]
  fe_server: {type: indigo.Compute}
  wn_server: {type: indigo.Compute}
outputs:
  first: {value: {get_attribute: [fe_server, private_address, 0]}}
  all: {value: {get_attribute: [fe_server, private_address]}}
"""


def test_an_index_that_no_machine_will_have_is_refused(plan_text: Callable[..., Any]) -> None:
    with pytest.raises(TemplateError) as caught:
        plan_text(READS, counts={"fe_server": 0})
    ((problem),) = caught.value.problems
    assert problem.line == 7
    assert problem.message == (
        "'pool_address' of 'configure' of 'worker' reads 'private_address' 0 of 'fe_server', "
        "which shall have no machines"
    )
    assert problem.hint == "Give 'fe_server' at least 1 machine, or 'wn_server' none."


def test_an_output_of_a_machine_that_there_will_not_be_is_a_warning(plan_text: Callable[..., Any]) -> None:
    plan = plan_text(READS, counts={"fe_server": 0, "wn_server": 0})
    told = [each for each in plan.warnings if "output" in each["message"]]
    assert [each["message"] for each in told] == [
        "the output 'first' reads 'private_address' 0 of 'fe_server', which shall have no machines"
    ]
    assert told[0]["line"] == 12
    assert outputs(plan, {"nodes": []}) == {"first": None, "all": []}
