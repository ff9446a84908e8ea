# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Surveys of AWX: questions that AWX takes, and answers that become the inputs they are for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import document, survey

# AWX's kinds of questions, and what a default of each has to be.
KINDS = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": (int, float),
}


def spec(text: str = "{}", declared: Any = None, **more: Any) -> dict[str, Any]:
    inputs = document.parse(text, "t") if declared is None else declared
    return survey.survey_spec(inputs, lambda name: "password" in name, name="Pool", description="A pool", **more)


def question(text: str) -> dict[str, Any]:
    return spec(text)["spec"][2]


def refuse_what_awx_refuses(found: dict[str, Any]) -> None:
    """Check a specification by the rules that AWX's API documents and applies."""
    assert isinstance(found["name"], str)
    assert isinstance(found["description"], str)
    assert found["spec"]
    variables = [each["variable"] for each in found["spec"]]
    assert len(set(variables)) == len(variables)
    for each in found["spec"]:
        assert each["type"] in KINDS
        assert isinstance(each["required"], bool)
        assert isinstance(each["question_name"], str)
        assert isinstance(each["variable"], str)
        for bound in ("min", "max"):
            assert isinstance(each.get(bound, 0), int)
        default = each.get("default")
        if default is not None:
            assert isinstance(default, KINDS[each["type"]])
            assert not str(default).startswith("$encrypted$")
        if each["type"].startswith("multi"):
            lines = str(default or "").splitlines()
            assert set(lines) <= set(each["choices"])
            assert each["type"] == "multiselect" or len(lines) < 2
            assert all(choice.strip() and "\n" not in choice for choice in each["choices"])


def test_the_deployment_is_asked_for_first():
    name, site = spec(deployment="pool")["spec"]
    assert (name["variable"], name["default"], name["required"]) == ("paas_name", "pool", True)
    assert (site["variable"], site["required"]) == ("paas_site", False)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("a: {type: integer, default: '4'}", {"type": "integer", "default": 4, "required": False}),
        ("a: {type: integer}", {"type": "integer", "required": True}),
        ("a: {type: integer, required: false}", {"type": "integer", "required": False}),
        ("a: {type: integer, constraints: [{in_range: [1, 4]}]}", {"min": 1, "max": 4}),
        ("a: {type: integer, constraints: [{greater_than: 0}, {less_or_equal: 9}]}", {"min": 1, "max": 9}),
        ("a: {type: float, default: 2, constraints: [{in_range: [0.5, 2.5]}]}", {"type": "float", "min": 0, "max": 3}),
        ("a: {type: string, default: x}", {"type": "text", "default": "x"}),
        ("a: {type: string, constraints: [{length: 8}]}", {"min": 8, "max": 8}),
        ("a: {type: string, constraints: [{min_length: 2}, {max_length: 5}]}", {"min": 2, "max": 5}),
        ("a: {type: version, default: 16.10}", {"type": "text", "default": "16.10"}),
        (
            "a: {type: boolean, default: yes}",
            {"type": "multiplechoice", "default": "true", "choices": ["true", "false"]},
        ),
        ("a: {default: 1}", {"type": "text", "default": "1"}),
        ("a:", {"type": "text", "required": True}),
        (
            "a: {type: integer, default: 2, constraints: [{valid_values: [1, 2]}]}",
            {"type": "multiplechoice", "choices": ["1", "2"], "default": "2"},
        ),
        (
            "a: {type: list, default: [x], entry_schema: {type: string, constraints: [{valid_values: [x, y]}]}}",
            {"type": "multiselect", "choices": ["x", "y"], "default": "x"},
        ),
        ("a: {type: map, default: {k: [1, é]}}", {"type": "textarea", "default": '{"k": [1, "é"]}'}),
        ("a: {type: my.Type}", {"type": "textarea", "variable": "paas_yaml_input_a"}),
        ("password: {type: string, default: changeme}", {"type": "password", "required": False}),
        ("password: {type: string}", {"type": "password", "required": True}),
    ],
)
def test_questions(declared, expected):
    found = question(declared)
    assert {name: found.get(name) for name in expected} == expected
    refuse_what_awx_refuses(spec(declared))


def test_secrets_have_no_default():
    found = question("password: {type: string, default: changeme}")
    assert "default" not in found
    assert "changeme" not in json.dumps(found)
    assert "Left empty" in found["question_description"]
    assert "changeme" not in json.dumps(question("password: {type: map, default: {a: changeme}}"))


def test_a_default_of_another_type_and_choices_that_are_no_lines_are_left_out():
    assert "default" not in question("a: {type: integer, default: many}")
    assert "default" not in question("a: {type: string, default: $encrypted$x}")
    assert question('a: {type: string, constraints: [{valid_values: ["a\\nb", c]}]}')["type"] == "text"
    assert question('a: {type: string, constraints: [{valid_values: ["", c]}]}')["type"] == "text"


def test_descriptions_say_what_the_question_does_not():
    told = question("a: {type: scalar-unit.size, description: 'Memory\n  of it', constraints: [{pattern: 'x+'}]}")
    assert told["question_description"] == "Memory of it. A number and its unit, such as 4 GB. It must match x+."


def test_an_input_that_is_no_mapping_is_refused():
    with pytest.raises(TemplateError, match="'a' must be a mapping"):
        spec("a: 4")


NAMES = st.text(min_size=1, max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(
    st.dictionaries(
        NAMES,
        st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(
                    ["string", "integer", "float", "boolean", "list", "map", "scalar-unit.size", "x.Y"]
                ),
                "default": st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
                "description": SCALARS,
                "required": SCALARS,
                "constraints": st.lists(
                    st.dictionaries(
                        st.sampled_from(
                            ["valid_values", "in_range", "greater_than", "length", "max_length", "pattern"]
                        ),
                        SCALARS | st.lists(SCALARS),
                        min_size=1,
                        max_size=1,
                    )
                )
                | SCALARS,
            },
        ),
        max_size=4,
    )
)
def test_awx_takes_the_survey_of_any_inputs(declared):
    refuse_what_awx_refuses(spec(declared=declared))


def test_answers_become_inputs():
    answers = {
        "paas_input_wn_num": 4,
        "paas_input_site": "",
        "paas_input_none": None,
        "paas_input_text": "{{ lookup('pipe', 'id') }}",
        "paas_yaml_input_users": "[{name: ann, groups: ['{{ 7 * 7 }}']}]",
        "paas_name": "pool",
        "paas_inputs": {"x": 1},
        "paas_input_": "no name",
        "paas_input_0xzz": "no name",
    }
    assert survey.survey_inputs(answers) == {
        "wn_num": 4,
        "text": "{{ lookup('pipe', 'id') }}",
        "users": [{"name": "ann", "groups": ["{{ 7 * 7 }}"]}],
    }


def test_an_answer_that_is_no_yaml_says_which():
    with pytest.raises(TemplateError, match="the answer for 'users'"):
        survey.survey_inputs({"paas_yaml_input_users": "[a"})


@given(NAMES, st.booleans())
def test_a_variable_names_its_input_whatever_it_is_called(name, as_yaml):
    variable = survey.variable_of(name, as_yaml)
    assert variable.isascii()
    assert variable.isidentifier()
    assert survey.survey_inputs({variable: "[1]"}) == {name: [1] if as_yaml else "[1]"}


@given(NAMES, NAMES, st.booleans(), st.booleans())
def test_two_inputs_never_share_a_variable(one, other, first, second):
    same = survey.variable_of(one, first) == survey.variable_of(other, second)
    assert same == ((one, first) == (other, second))
