# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import (
    FUNCTION,
    UNKNOWN,
    Call,
    FunctionError,
    calls,
    evaluate,
    follow,
    is_call,
    parse,
    plain,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import NOWHERE, Report


def parsed(value: Any) -> Any:
    report = Report()
    result = parse(value, report)
    report.raise_errors()
    return result


def state(inputs: dict, attributes: dict) -> dict:
    """Return handlers that know these inputs and attributes."""

    def look_up(table: dict) -> Any:
        return lambda arguments, _at: table.get(arguments[0], UNKNOWN)

    return {"get_input": look_up(inputs), "get_attribute": look_up(attributes)}


def test_known_functions_are_replaced_and_the_rest_stays() -> None:
    value = parsed(
        {"a": {"concat": ["x-", {"get_input": "i"}, {"get_attribute": ["s", "ip"]}]}, "b": [{"get_input": "i"}]}
    )
    once = evaluate(value, state({"i": 7}, {}))
    assert once == {
        "a": {FUNCTION: {"concat": ["x-", 7, {FUNCTION: {"get_attribute": ["s", "ip"]}}]}},
        "b": [7],
    }
    assert evaluate(once, state({}, {"s": "1.2.3.4"})) == {"a": "x-71.2.3.4", "b": [7]}


def test_survives_json() -> None:
    value = evaluate(parsed({"concat": ["a", {"get_attribute": ["s", "ip"]}]}), {})
    again = json.loads(json.dumps(value))
    assert again == value
    assert evaluate(again, state({}, {"s": "b"})) == "ab"


def test_what_a_handler_gives_is_never_evaluated() -> None:
    hostile = {"get_attribute": ["s", "ip"]}
    assert evaluate(parsed({"get_input": "i"}), state({"i": hostile}, {"s": "secret"})) == hostile
    assert (
        evaluate(evaluate(parsed({"get_input": "i"}), state({"i": hostile}, {})), state({}, {"s": "secret"})) == hostile
    )


def test_value_without_functions_is_not_copied() -> None:
    value = {"a": [1, {"b": 2}]}
    assert evaluate(parsed(value), {}) is value


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ({"concat": ["a", 1, True, 0.5]}, "a1true0.5"),
        ({"concat": []}, ""),
        ({"token": ["a:b:c", ":", 1]}, "b"),
        ({"token": ["10.0.0.1:9618", ":.", 4]}, "9618"),
        ({"token": ["a::b", ":", 2]}, "b"),
        ({"token": ["a-b]c^d\\\\e", "]^-\\\\", 3]}, "d"),
        ({"token": [{"concat": ["a", "-b"]}, "-", 1]}, "b"),
        ({"token": "secret"}, {"token": "secret"}),
        ({"token": [1, 2]}, {"token": [1, 2]}),
        ({"concat": "text"}, {"concat": "text"}),
        ({"get_away": {"a": 1}}, {"get_away": {"a": 1}}),
    ],
)
def test_concat_and_token(value: Any, result: Any) -> None:
    assert evaluate(parsed(value), {}) == result


@pytest.mark.parametrize(
    "value",
    [
        {"concat": [None]},
        {"concat": [["a"]]},
        {"concat": [{"a": 1}]},
        {"token": ["a", ":", 1]},
        {"token": ["a", "", 0]},
        {"token": ["a", ":", -1]},
        {"token": ["a", ":", True]},
        {"token": [1, ":", 0]},
    ],
)
def test_functions_that_cannot_have_a_value(value: Any) -> None:
    with pytest.raises(FunctionError):
        evaluate(parsed(value), {})


def test_follow_goes_through_maps_and_lists() -> None:
    value = {"a": [{"b": 1}]}
    assert follow(value, ["a", 0, "b"]) == 1
    assert follow(value, ["a", "0", "b"]) == 1
    for path in (["x"], ["a", 1], ["a", -1], ["a", True], ["a", "b"], ["a", 0, "b", "c"]):
        with pytest.raises(FunctionError):
            follow(value, path)


def test_follow_extends_an_unknown_attribute() -> None:
    assert follow([Call("get_attribute", ["s", "ips"])], [0, 2]) == {FUNCTION: {"get_attribute": ["s", "ips", 2]}}
    with pytest.raises(FunctionError, match="made by 'concat'"):
        follow(Call("concat", ["a"]), [0])


def test_calls_are_found_everywhere() -> None:
    value = parsed({"a": [{"concat": [{"get_attribute": ["s", "ip"]}]}], "b": {"get_input": "i"}})
    assert [name for name, _arguments in calls(value)] == ["concat", "get_attribute", "get_input"]


def test_plain_has_no_classes_of_its_own() -> None:
    copied = plain({"a": (Call("get_input", ["i"]), 1.5)})
    assert copied == {"a": [{FUNCTION: {"get_input": ["i"]}}, 1.5]}
    assert not isinstance(copied["a"][0], Call)
    assert is_call(copied["a"][0])


NAMES = ["a", "b", "c", "d"]
literals = st.none() | st.booleans() | st.integers(-5, 5) | st.text("xyz:", max_size=4)
known = st.text("xyz:", max_size=4) | st.integers(-5, 5)


def functions(inner: st.SearchStrategy) -> st.SearchStrategy:
    return st.one_of(
        st.sampled_from(NAMES).map(lambda name: {"get_input": name}),
        st.sampled_from(NAMES).map(lambda name: {"get_attribute": [name, "x"]}),
        st.lists(inner, max_size=3).map(lambda items: {"concat": items}),
        st.tuples(inner, st.just(":"), st.integers(0, 1)).map(lambda items: {"token": list(items)}),
    )


values = st.recursive(
    literals,
    lambda inner: functions(inner) | st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("pqr"), inner),
    max_leaves=12,
)


def outcome(value: Any, *states: dict) -> Any:
    """Return the value after one state and then the next, or that it cannot have one."""
    try:
        for each in states:
            value = evaluate(value, each)
    except FunctionError:
        return FunctionError
    return plain(value)


@given(
    values, st.dictionaries(st.sampled_from(NAMES), known), st.dictionaries(st.sampled_from(NAMES), known), st.data()
)
def test_in_stages_as_at_once(value: Any, inputs: dict, attributes: dict, data: st.DataObject) -> None:
    early = set(data.draw(st.lists(st.sampled_from(NAMES))))
    staged = parsed(value)
    first = state(inputs, {name: found for name, found in attributes.items() if name in early})
    at_once = outcome(staged, state(inputs, attributes))
    assert outcome(staged, first, state({}, attributes)) == at_once


@given(values)
def test_evaluation_is_idempotent_and_pure(value: Any) -> None:
    staged = parsed(value)
    before = json.dumps(staged)
    result = outcome(staged, state({"a": "1"}, {"b": "2"}))
    assert json.dumps(staged) == before
    assert result is FunctionError or outcome(result, state({"a": "1"}, {"b": "2"})) == result


json_like = st.recursive(
    literals | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=8) | st.sampled_from(["get_input", "token", "concat", FUNCTION]), inner, max_size=3
        )
    ),
)


@given(json_like)
def test_any_data_parses_or_is_reported(value: Any) -> None:
    report = Report()
    result = parse(value, report, NOWHERE)
    assert report.errors or json.dumps(result)


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ([["a", "b"], ","], "a,b"),
        ([["a", "b"]], "ab"),
        ([[], ","], ""),
        ([["a", 1, True, 2.5], " "], "a 1 true 2.5"),
        ([{"get_input": "names"}, {"get_input": "comma"}], "ada, bob"),
        ([["x", {"get_input": "comma"}, {"join": [["y", "z"], "-"]}], ""], "x, y-z"),
    ],
)
def test_join_puts_a_text_between_the_items_of_a_list(arguments: list, value: str) -> None:
    known = state({"names": ["ada", "bob"], "comma": ", "}, {})
    assert evaluate(parsed({"join": arguments}), known) == value


def test_join_waits_for_what_is_not_known() -> None:
    once = evaluate(parsed({"join": [["red", {"get_attribute": ["s", "ip"]}], ","]}), {})
    assert is_call(once)
    assert evaluate(json.loads(json.dumps(once)), state({}, {"s": "10.0.0.1"})) == "red,10.0.0.1"
    whole = evaluate(parsed({"join": [{"get_attribute": ["s", "ips"]}, ","]}), state({}, {"s": ["a", "b"]}))
    assert whole == "a,b"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a", ","], "'join' needs a list"),
        ([["a"], ",", "b"], "'join' needs a list"),
        ([["a"], 1], "'join' needs a list"),
        ([["a", ["b"]], ","], "'join' joins texts and numbers, here is a list"),
        ([[None], ","], "'join' joins texts and numbers, here is nothing"),
    ],
)
def test_join_refuses_what_is_no_list_of_texts(arguments: list, message: str) -> None:
    with pytest.raises(FunctionError, match=message):
        evaluate(parsed({"join": arguments}), {})


def test_join_without_arguments_is_refused() -> None:
    report = Report()
    parse({"join": []}, report)
    assert [problem.message for problem in report.errors] == ["'join' is not given what it needs"]


@given(st.lists(st.text() | st.integers()), st.text())
def test_join_is_that_of_texts(items: list, between: str) -> None:
    assert evaluate(parsed({"join": [items, between]}), {}) == between.join(map(str, items))
