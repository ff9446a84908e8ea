# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import json
import time
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils import effort
from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import patterns
from ansible_collections.indigo.paas.plugins.module_utils.tosca.converters import convert
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import parse
from ansible_collections.indigo.paas.plugins.module_utils.tosca.normative import scalar_number
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import NOWHERE, STRICT, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import TypeBuilder
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import Schema
from ansible_collections.indigo.paas.plugins.module_utils.tosca.values import Values
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import Vocabulary

FACTORS = {
    "B": 1,
    "kB": 1000,
    "KiB": 1024,
    "MB": 10**6,
    "MiB": 2**20,
    "GB": 10**9,
    "GiB": 2**30,
    "TB": 10**12,
    "TiB": 2**40,
}


def coerce(vocabulary: Vocabulary, schema: str, value: Any) -> tuple[Any, list[str]]:
    """Return what a value becomes under a schema that is written as YAML, and the problems."""
    report = Report()
    built = TypeBuilder(vocabulary, report).schema("x", parse(f"s: {schema}", "t")["s"], NOWHERE)
    result = Values(vocabulary, report).coerce(value, built, "x", NOWHERE)
    return result, [problem.message for problem in report.errors]


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("string", "a", "a"),
        ("string", True, "true"),
        ("string", 7, "7"),
        ("string", 1.5, "1.5"),
        ("integer", 7, 7),
        ("integer", "7", 7),
        ("integer", "-7", -7),
        ("integer", 1.0, 1),
        ("float", 7, 7.0),
        ("float", "0.5", 0.5),
        ("number", 7, 7),
        ("number", 7.5, 7.5),
        ("boolean", True, True),
        ("boolean", "no", False),
        ("boolean", "True", True),
        ("version", 13, "13"),
        ("version", 16.04, "16.04"),
        ("version", "1.2.3.beta-1", "1.2.3.beta-1"),
        ("timestamp", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("range", [1, 5], [1, 5]),
        ("range", [1, "UNBOUNDED"], [1, "UNBOUNDED"]),
        ("list", [1, "a"], [1, "a"]),
        ("map", {"a": 1}, {"a": 1}),
        ("scalar-unit.size", "1 GB", "1 GB"),
        ("scalar-unit.size", "512MiB", "512MiB"),
        ("scalar-unit.time", "30 s", "30 s"),
        ("scalar-unit.frequency", "2.4 GHz", "2.4 GHz"),
        ("tosca.datatypes.network.PortDef", "80", 80),
        ("test.Level", 5, 5),
        ("{type: list, entry_schema: integer}", ["1", 2], [1, 2]),
        ("{type: map, entry_schema: {type: list, entry_schema: boolean}}", {"a": ["yes"]}, {"a": [True]}),
        ("test.Endpoint", {"url": "x"}, {"url": "x", "retries": 3}),
        ("test.Endpoint", {"url": 1, "port": "80"}, {"url": "1", "port": 80, "retries": 3}),
        ("{type: list, entry_schema: test.Endpoint}", [{"url": "x", "retries": 1}], [{"url": "x", "retries": 1}]),
    ],
)
def test_accepted(vocabulary: Vocabulary, kind: str, value: Any, result: Any) -> None:
    schema = kind if kind.startswith("{") else f"{{type: {kind}}}"
    found, problems = coerce(vocabulary, schema, value)
    assert not problems
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("string", [], "a list is not a text"),
        ("integer", 1.5, "'1.5' is not a whole number"),
        ("integer", "1e3", "'1e3' is not a whole number"),
        ("integer", "٣", "is not a whole number"),
        ("integer", True, "'true' is not a whole number"),
        ("float", "nan", "is not a number"),
        ("float", "1" * 400, "is not a number"),
        ("boolean", 1, "'1' is not true or false"),
        ("version", "new", "'new' is not a version"),
        ("version", True, "is not a version"),
        ("timestamp", "soon", "'soon' is not a time"),
        ("range", [5, 1], "not a range that begins with the smaller"),
        ("range", [1], "not a range of two whole numbers"),
        ("list", "a", "'a' is not a list"),
        ("map", ["a"], "a list is not a map"),
        ("scalar-unit.size", -1000, "'-1000' is not a scalar-unit.size"),
        ("scalar-unit.size", True, "'true' is not a scalar-unit.size"),
        ("scalar-unit.time", 10, "'10' is not a scalar-unit.time"),
        ("scalar-unit.size", "1 XB", "unknown unit 'XB', the units are B, kB, KiB"),
        ("scalar-unit.size", "1 GB; rm", "is not a scalar-unit.size"),
        ("scalar-unit.size", "-1 GB", "is not a scalar-unit.size"),
        ("tosca.datatypes.network.PortDef", 70000, "'70000' breaks the constraint in_range: [1, 65535]"),
        ("test.Level", 6, "'6' breaks the constraint in_range: [1, 5]"),
        ("test.Endpoint", "x", "'x' is not a map of the fields of test.Endpoint"),
        ("{type: list, entry_schema: integer}", ["a"], "item 0 of x: 'a' is not a whole number"),
        ("{type: map, entry_schema: integer}", {"k": "a"}, "'k' of x: 'a' is not a whole number"),
        ("{type: map, key_schema: {type: string, constraints: [{max_length: 1}]}}", {"kk": 1}, "key 'kk' of x"),
    ],
)
def test_refused(vocabulary: Vocabulary, kind: str, value: Any, message: str) -> None:
    schema = kind if kind.startswith("{") else f"{{type: {kind}}}"
    _found, problems = coerce(vocabulary, schema, value)
    assert len(problems) == 1
    assert message in problems[0]


@pytest.mark.parametrize(
    ("kind", "constraint", "good", "bad"),
    [
        ("integer", "equal: 3", 3, 4),
        ("boolean", "equal: true", True, False),
        ("integer", "greater_than: 3", 4, 3),
        ("integer", "greater_or_equal: 3", 3, 2),
        ("integer", "less_than: 3", 2, 3),
        ("integer", "less_or_equal: 3", 3, 4),
        ("float", "greater_than: 0.5", 0.6, 0.5),
        ("integer", "in_range: [1, 4]", 4, 5),
        ("integer", "in_range: [1, UNBOUNDED]", 10**9, 0),
        ("string", "valid_values: [a, b]", "b", "c"),
        ("string", "valid_values: [yes, no]", True, "maybe"),
        ("string", "length: 2", "ab", "abc"),
        ("string", "min_length: 2", "ab", "a"),
        ("string", "max_length: 2", "ab", "abc"),
        ("list", "min_length: 1", ["a"], []),
        ("map", "max_length: 1", {}, {"a": 1, "b": 2}),
        ("string", "pattern: '[a-z]+'", "abc", "abC"),
        ("scalar-unit.size", "greater_or_equal: 1 GB", "1000 MB", "999 MB"),
        ("scalar-unit.size", "greater_than: 1 GB", "1 GiB", "1 GB"),
        ("scalar-unit.size", "in_range: [1 GB, 2 GB]", "2 GB", "2.1 GB"),
        ("scalar-unit.size", "valid_values: [1 GB, 2 GB]", "1000 MB", "3 GB"),
        ("scalar-unit.time", "less_than: 1 m", "59 s", "60 s"),
        ("version", "equal: 16.04", "16.04", "16.4"),
        ("version", "valid_values: [16.04, 18.04]", 18.04, "20.04"),
        ("range", "in_range: [1, 10]", [1, 10], [1, 11]),
    ],
)
def test_every_constraint(vocabulary: Vocabulary, kind: str, constraint: str, good: Any, bad: Any) -> None:
    schema = f"{{type: {kind}, constraints: [{{{constraint}}}]}}"
    assert coerce(vocabulary, schema, good)[1] == []
    (problem,) = coerce(vocabulary, schema, bad)[1]
    assert "breaks the constraint" in problem
    assert constraint.partition(":")[0] in problem


def test_a_recursive_data_type_with_defaults_ends(vocabulary: Vocabulary) -> None:
    own = Vocabulary(vocabulary)
    own.add_plain({"data_types": {"loop": {"properties": {"next": {"type": "loop", "default": {}}}}}})
    _found, (problem,) = coerce(own, "{type: loop}", {})
    assert "nested too deep" in str(problem)
    assert len(str(problem)) < 200


@pytest.mark.parametrize(
    ("written", "read"),
    [(1024, "1024 MB"), ("1024", "1024 MB"), (1.5, "1.5 MB"), (2_000_000_000, "2000000000 B"), ("2G", "2 GB")]
    + [("4 k", "4 kB"), ("4Ki", "4 KiB"), ("3gi", "3 GiB"), (0, "0 MB")],
)
def test_sizes_without_their_unit_are_understood_with_a_warning(
    vocabulary: Vocabulary, written: Any, read: str
) -> None:
    report = Report()
    schema = Schema("x", "scalar-unit.size")
    assert Values(vocabulary, report).coerce(written, schema, "x", NOWHERE) == read
    assert [problem.message for problem in report.warnings] == [f"x: '{written}' is read as {read}"]
    Values(vocabulary, strict := Report(STRICT)).coerce(written, schema, "x", NOWHERE)
    assert strict.errors


@pytest.mark.parametrize(
    ("kind", "value"),
    [("string", True), ("string", 7), ("integer", "7"), ("integer", 7.0), ("float", "0.5"), ("boolean", "yes")],
)
def test_scalars_of_another_type_are_refused_by_a_strict_reader_only(
    vocabulary: Vocabulary, kind: str, value: Any
) -> None:
    strict, lenient = Report(STRICT), Report()
    for report in (strict, lenient):
        Values(vocabulary, report).coerce(value, Schema("x", kind), "x", NOWHERE)
    assert [problem.message for problem in strict.errors][0].endswith(f"is no {kind}")
    assert lenient.errors == lenient.warnings == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [("float", 7), ("version", 16.04), ("version", 13), ("number", 7), ("integer", 7), ("boolean", True)],
)
def test_what_tosca_takes_as_it_stands_is_no_leniency(vocabulary: Vocabulary, kind: str, value: Any) -> None:
    strict = Report(STRICT)
    Values(vocabulary, strict).coerce(value, Schema("x", kind), "x", NOWHERE)
    assert strict.errors == []


@pytest.mark.parametrize(
    ("value", "used", "severity", "kept"),
    [("many", True, "error", None), ("many", False, "warning", "many"), ("", True, "warning", "")],
)
def test_a_default_that_does_not_fit(
    vocabulary: Vocabulary, value: str, used: bool, severity: str, kept: str | None
) -> None:
    report = Report()
    found = Values(vocabulary, report).default(value, Schema("x", "integer"), "the default of x", NOWHERE, used=used)
    assert found == kept
    (problem,) = [*report.errors, *report.warnings]
    assert problem.severity == severity
    assert f"'{value}' is not a whole number" in problem.message


@pytest.mark.parametrize(("used", "severity"), [(True, "error"), (False, "warning")])
@pytest.mark.parametrize(
    "value", [{"get_input": "q"}, {"concat": ["a", "b"]}, {"inner": [{"get_property": ["SELF", "p"]}]}]
)
@pytest.mark.parametrize("kind", ["map", "string"])
def test_a_default_that_nothing_evaluates(
    vocabulary: Vocabulary, kind: str, value: Any, used: bool, severity: str
) -> None:
    report = Report()
    Values(vocabulary, report).constant(value, Schema("x", kind), "the default of x", NOWHERE, used=used)
    (problem,) = [*report.errors, *report.warnings]
    assert problem.severity == severity
    assert problem.message == "the default of x is a function, which has no value there"


@given(
    st.decimals(min_value=0, max_value=10**6, places=3),
    st.sampled_from(sorted(FACTORS)),
    st.sampled_from(["", " ", "  "]),
    st.booleans(),
)
def test_sizes_are_exact_and_take_any_case(number: Any, unit: str, space: str, lower: bool) -> None:
    written = f"{number:f}{space}{unit.lower() if lower else unit}"
    assert scalar_number("scalar-unit.size", written) == Fraction(number) * FACTORS[unit]
    assert convert("scalar-unit.size", written) == written


@given(st.text())
def test_any_text_is_a_size_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert scalar_number("scalar-unit.size", text) >= 0


def test_time_and_frequency_have_seconds_and_hertz() -> None:
    assert scalar_number("scalar-unit.time", "1.5 m") == 90
    assert scalar_number("scalar-unit.time", "5 ms") == Fraction(5, 1000)
    assert scalar_number("scalar-unit.frequency", "2.4 GHz") == 24 * 10**8


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("1 bps", 1),
        ("1 Bps", 8),
        ("10 Mbps", 10**7),
        ("10 MBps", 8 * 10**7),
        ("2 Kibps", 2048),
        ("1.5 GiBps", 12 * 2**30),
        ("3 Tbps", 3 * 10**12),
        ("10 mbps", 10**7),
    ],
)
def test_rates_count_bits(text: str, bits: int) -> None:
    assert scalar_number("scalar-unit.bitrate", text) == bits


def test_a_rate_has_constraints_too(vocabulary: Vocabulary) -> None:
    schema = "{type: scalar-unit.bitrate, constraints: [in_range: [1 Mbps, 1 MBps]]}"
    assert coerce(vocabulary, schema, "8 Mbps") == ("8 Mbps", [])
    assert coerce(vocabulary, schema, "9 Mbps")[1] == ["x: '9 Mbps' breaks the constraint in_range: [1 Mbps, 1 MBps]"]
    assert "unknown unit 'B'" in coerce(vocabulary, "{type: scalar-unit.bitrate}", "9 B")[1][0]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(.*a){22}", "(a|aa)+b(a|aa)+$"])
def test_no_pattern_takes_long(vocabulary: Vocabulary, pattern: str) -> None:
    text = "a" * 5000 + "!"
    started = time.process_time()
    schema = f"{{type: list, entry_schema: {{type: string, constraints: [pattern: '{pattern}']}}}}"
    with effort.limited():
        problems = coerce(vocabulary, schema, [text] * 50)[1]
    assert time.process_time() - started < 4
    assert all(pattern in problem for problem in problems)
    assert problems


@pytest.mark.parametrize("pattern", ["[", "a" * 1001, "(" * 3000, 7])
def test_a_pattern_that_is_none(vocabulary: Vocabulary, pattern: Any) -> None:
    schema = f"{{type: string, constraints: [pattern: {json.dumps(pattern)}]}}"
    (problem,) = coerce(vocabulary, schema, "a")[1]
    assert "constraint of 'x': 'pattern' is" in problem


def test_a_pattern_holds_for_the_whole_text(vocabulary: Vocabulary) -> None:
    schema = "{type: string, constraints: [pattern: 'a|ab']}"
    assert coerce(vocabulary, schema, "ab") == ("ab", [])
    assert coerce(vocabulary, schema, "abc")[1] == ["x: 'abc' breaks the constraint pattern: a|ab"]


def test_without_the_library_a_pattern_says_what_to_install(
    vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "regex", None)
    with pytest.raises(TemplateError, match="pip install regex"):
        coerce(vocabulary, "{type: string, constraints: [pattern: 'a']}", "a")
    assert coerce(vocabulary, "{type: string, constraints: [max_length: 1]}", "a") == ("a", [])
