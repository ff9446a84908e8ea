# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a template may cost: counted in steps, never in seconds, for machines differ."""

from __future__ import annotations

import difflib
import functools
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils import effort, errors
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Topology, Vocabulary, load, make_plan, patterns
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import MAX_WARNINGS, Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import MAX_DERIVATIONS

Problems = Callable[..., list[Problem]]

VERSION = "tosca_definitions_version: tosca_simple_yaml_1_3\n"
SERVER = "topology_template:\n  node_templates:\n    server: {type: tosca.nodes.Compute}\n"


@functools.cache
def _is_ours(file: str) -> bool:
    return "module_utils" in file


def steps(call: Callable[[], Any]) -> int:
    """Return how many functions of the collection CALL calls."""
    count = 0

    def profile(frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call" and _is_ours(frame.f_code.co_filename)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(before)
    return count


def chain(size: int, order: Callable[[range], Any] = iter, root: str = "tosca.nodes.SoftwareComponent") -> str:
    links = "".join(
        f"  t{n}: {{derived_from: {f't{n - 1}' if n else root}, "
        f"properties: {{p{n}: {{type: string, required: false}}}}}}\n"
        for n in order(range(size))
    )
    return f"{VERSION}node_types:\n{links}{SERVER}"


def wide(size: int) -> str:
    types = "".join(f"  t{n}: {{derived_from: tosca.nodes.Compute}}\n" for n in range(size))
    return f"{VERSION}node_types:\n{types}{SERVER}"


def servers(size: int) -> str:
    nodes = "".join(f"    n{n}: {{type: tosca.nodes.Compute}}\n" for n in range(size))
    return f"{VERSION}topology_template:\n  node_templates:\n{nodes}"


def properties(values: dict[str, str], kind: str = "string") -> str:
    declared = "".join(f"      {name}: {{type: {kind}, required: false}}\n" for name in values)
    given = "".join(f"        {name}: {value}\n" for name, value in values.items())
    return (
        f"{VERSION}node_types:\n  some:\n    derived_from: tosca.nodes.Root\n    properties:\n{declared}"
        f"topology_template:\n  node_templates:\n    one:\n      type: some\n      properties:\n{given}"
    )


def twice(size: int, first: str, function: str) -> dict[str, str]:
    return {"p0": first} | {f"p{n}": function.format(f"{{get_property: [SELF, p{n - 1}]}}") for n in range(1, size)}


CONCAT = "{{concat: [{0}, {0}]}}"
LIST = "[{0}, {0}]"


@pytest.mark.parametrize(
    "make", [chain, lambda size: chain(size, reversed), wide, servers], ids=["deep", "up", "wide", "nodes"]
)
def test_twice_the_size_takes_twice_the_steps(vocabulary: Vocabulary, make: Callable[[int], str]) -> None:
    small, large = (steps(lambda n=n: make_plan(load(make(n), vocabulary=vocabulary))) for n in (100, 400))
    base = steps(lambda: make_plan(load(make(1), vocabulary=vocabulary)))
    assert large - base < 4.4 * (small - base)


def test_a_long_chain_of_types_has_all_that_it_inherits(vocabulary: Vocabulary) -> None:
    last = f"t{MAX_DERIVATIONS - 10}"
    node = f"{{type: {last}, properties: {{p0: a, p500: b}}}}"
    text = chain(MAX_DERIVATIONS - 9, reversed, "tosca.nodes.Root").replace("{type: tosca.nodes.Compute}", node)
    found = load(text, vocabulary=vocabulary).nodes["server"]
    assert found.properties["p0"] == "a"
    assert found.properties["p500"] == "b"
    assert found.type.ancestors[0] == last
    assert found.type.ancestors[-1] == "tosca.nodes.Root"


def test_a_chain_that_is_too_long_is_refused(problems: Problems) -> None:
    found = problems(chain(MAX_DERIVATIONS + 500, reversed))
    assert "is derived through more than 2000 others" in found[0].message
    assert found[0].line


def test_a_circle_of_types_is_one_problem(problems: Problems) -> None:
    (found,) = problems(chain(2000, root="t1999"))
    assert found.message.startswith("types derived from each other: ")
    assert len(found.message) < 500


def test_a_parent_that_is_missing_is_one_problem(problems: Problems) -> None:
    (found,) = problems(chain(500, root="nobody"))
    assert found.message == "'t0' is derived from the unknown type 'nobody'"


def test_what_is_wrong_with_a_type_is_told_once(problems: Problems) -> None:
    text = chain(100).replace("p0: {type: string,", "p0: {type: no_such_type,")
    (found,) = problems(text)
    assert "unknown type 'no_such_type'" in found.message


@pytest.mark.parametrize(
    ("first", "function"),
    [
        ("'0123456789'", CONCAT),
        ("'0123456789'", LIST),
        ("{get_attribute: [SELF, state]}", CONCAT),
        ("{get_attribute: [SELF, state]}", LIST),
    ],
)
@pytest.mark.parametrize("size", [30, 49])
def test_functions_make_no_endless_value(problems: Problems, first: str, function: str, size: int) -> None:
    kind = "list" if function == LIST else "string"
    found = problems(properties(twice(size, first, function), kind))
    assert any("make a value of more than 1000000 characters and items" in each.message for each in found)
    assert all(each.line for each in found)


def test_functions_are_not_nested_without_end(problems: Problems) -> None:
    values = twice(400, "{get_attribute: [SELF, state]}", "{{concat: [{0}, x]}}")
    assert any("nested too deep" in each.message for each in problems(properties(values)))


def test_a_chain_of_properties_may_be_long(vocabulary: Vocabulary) -> None:
    values = twice(400, "a", "{{concat: [{0}, x]}}")
    assert load(properties(values), vocabulary=vocabulary).nodes["one"].properties["p399"] == "a" + "x" * 399


def test_many_values_are_too_much_in_all(problems: Problems) -> None:
    big = f"'{'x' * 400_000}'"
    values = {"p0": big} | {f"p{n}": "{concat: [{get_property: [SELF, p0]}, x]}" for n in range(1, 50)}
    found = problems(properties(values))
    assert any("more than 5000000 characters and items in all" in each.message for each in found)


def test_an_input_may_be_used_often(load_text: Callable[..., Topology]) -> None:
    nodes = "".join(
        f"  n{n}: {{type: tosca.nodes.Compute, "
        "capabilities: {endpoint: {properties: {network_name: {get_input: net}}}}}\n"
        for n in range(500)
    )
    topology = load_text(f"inputs: {{net: {{type: string, default: PUBLIC}}}}\nnode_templates:\n{nodes}")
    assert len(topology.nodes) == 500


@pytest.fixture
def seconds_of_patterns(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that each pattern is given; a clock that stands but for what a try takes: all that it is given."""
    given: list[float] = []
    now = [0.0]

    class Slow:
        def fullmatch(self, _text: str, timeout: float) -> None:
            given.append(timeout)
            now[0] += timeout
            raise TimeoutError

    monkeypatch.setattr(patterns.regex, "compile", lambda _text: Slow())
    monkeypatch.setattr(patterns.time, "process_time", lambda: now[0])
    return given


def test_all_patterns_of_a_template_have_one_time(problems: Problems, seconds_of_patterns: list[float]) -> None:
    inputs = "".join(f"    i{n}: {{type: string, default: a, constraints: [pattern: 'b{n}']}}\n" for n in range(40))
    found = problems(f"{VERSION}topology_template:\n  inputs:\n{inputs}{SERVER.partition(chr(10))[2]}")
    assert len(found) == 40
    assert seconds_of_patterns == [effort.PATTERN_SECONDS]
    assert all("all patterns have together" in each.message for each in found)


def test_the_next_template_has_its_own_time(problems: Problems, seconds_of_patterns: list[float]) -> None:
    text = f"{VERSION}topology_template:\n  inputs: {{i: {{type: string, default: a, constraints: [pattern: b]}}}}\n"
    for _time in range(2):
        problems(text + SERVER.partition("\n")[2])
    assert seconds_of_patterns == [effort.PATTERN_SECONDS] * 2


def _many_unknown(nodes: int, known: int, name: str = "property_numbre_{n}") -> str:
    declared = "".join(f"      property_number_{n}: {{type: string, required: false}}\n" for n in range(known))
    given = "".join(f"    n{n}: {{type: many, properties: {{{name.format(n=n)}: 1}}}}\n" for n in range(nodes))
    return (
        f"{VERSION}node_types:\n  many:\n    derived_from: tosca.nodes.Root\n    properties:\n{declared}"
        f"topology_template:\n  node_templates:\n{given}"
    )


@pytest.mark.parametrize("name", ["property_numbre_{n}", "wholly_other_thing_{n}"])
def test_names_are_compared_so_often_and_no_more(
    problems: Problems, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(effort.Effort, "comparisons", 5000)
    compared = 0

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            nonlocal compared
            compared += 1
            return function(*arguments)

        return call

    monkeypatch.setattr(effort, "Effort", functools.partial(effort.Effort, comparisons=5000))
    monkeypatch.setattr(errors, "_edits", counted(errors._edits))
    monkeypatch.setattr(difflib.SequenceMatcher, "quick_ratio", counted(difflib.SequenceMatcher.quick_ratio))
    found = problems(_many_unknown(900, 200, name))
    assert compared <= 5000
    assert any("too many names that are not known" in each.message for each in found)


def test_a_few_unknown_names_are_still_found(problems: Problems) -> None:
    found = problems(_many_unknown(20, 200))
    assert [each.hint for each in found] == [f"Did you mean 'property_number_{n}'?" for n in range(20)]


def test_warnings_are_kept_up_to_a_number() -> None:
    report = Report()
    for n in range(MAX_WARNINGS + 50):
        report.add("stray-key", f"stray {n}", Location("a.yaml", n + 1, 1))
    assert len(report.warnings) == MAX_WARNINGS + 1
    assert report.warnings[-1].message == "50 more warnings are not shown"


def test_what_was_told_is_not_looked_at_again() -> None:
    report, told = Report(), [Problem("one"), Problem("two")]
    report.extend(told)
    assert steps(functools.partial(report.extend, told)) == 1
    assert report.errors == told


def test_problems_from_elsewhere_end_the_reading_too() -> None:
    with pytest.raises(TemplateError, match="more problems are not shown"):
        Report().extend([Problem(f"problem {n}") for n in range(1500)])


def _distance(one: str, other: str) -> int:
    """The same as `errors._edits`, written as its definition."""

    @functools.cache
    def d(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        best = min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (one[i - 1] != other[j - 1]))
        if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
            best = min(best, d(i - 2, j - 2) + 1)
        return best

    return d(len(one), len(other))


@given(st.text("abc_-", max_size=9), st.lists(st.text("abc_-", max_size=9), max_size=6))
def test_a_slip_of_the_pen_is_found_as_its_definition_says(name: str, known: list[str]) -> None:
    folded = name.lower().replace("-", "_")
    limit = 1 if len(name) < 5 else 2
    distances = [(_distance(folded, each.lower().replace("-", "_")), each) for each in known]
    near = min((each for each in distances if each[0] <= limit), default=None)
    assert errors.slip(name, known) == (near[1] if near else None)


@given(st.text("abcde", max_size=9), st.lists(st.text("abcde", max_size=30), max_size=6))
def test_the_nearest_is_that_of_difflib(name: str, known: list[str]) -> None:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    assert errors.nearest(name, known) == (near[0] if near else None)
