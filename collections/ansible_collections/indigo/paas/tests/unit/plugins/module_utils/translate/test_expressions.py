# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions as Jinja expressions, and texts that stay texts, in Jinja and in YAML."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.filter.scopes import told
from ansible_collections.indigo.paas.plugins.module_utils.translate.expressions import Expressions, NeverKnown
from ansible_collections.indigo.paas.plugins.module_utils.translate.yaml_text import (
    Template,
    Unsafe,
    dump,
    is_harmless,
    playbook,
)
from ansible_collections.indigo.paas.plugins.plugin_utils import scopes

FRONT_URL = "(hostvars | indigo.paas.told(groups['fe_server'], 'front', 0, 'front_url'))"
PLAN = {
    "groups": [
        {"name": "fe server", "group": "fe_server", "count": 1},
        {"name": "wn", "group": "wn", "count": 3},
        {"name": "none", "group": "none", "count": 0},
    ],
    "components": [
        {"name": "front", "group": "fe server", "attributes": {"url": {"fact": "front_url", "operation": 0}}},
        {
            "name": "worker",
            "group": "wn",
            "attributes": {"slots": {"fact": "slots", "operation": 1}},
            "operations": [{"operation": "create"}, {"operation": "configure"}],
        },
    ],
}


def call(name: str, *arguments: Any) -> dict[str, Any]:
    return {"$function": {name: list(arguments)}}


def attribute(*arguments: Any) -> dict[str, Any]:
    return call("get_attribute", *arguments)


def text_of(value: Any) -> str:
    return Expressions(PLAN).of(value).text


@pytest.mark.parametrize(
    ("value", "text", "certain"),
    [
        (attribute("fe server", "private_address", 0), "hostvars[groups['fe_server'][0]].private_address", True),
        (attribute("wn", "private_address", "2"), "hostvars[groups['wn'][2]].private_address", True),
        (attribute("wn", "private_address", 3), "hostvars[groups['wn'][3]].private_address", False),
        (attribute("none", "private_address", 0), "hostvars[groups['none'][0]].private_address", False),
        (attribute("fe server", "public_address", 0), "hostvars[groups['fe_server'][0]].public_address", False),
        (attribute("wn", "private_address"), "groups['wn'] | map('extract', hostvars, 'private_address') | list", True),
        (
            attribute("front", "url"),
            FRONT_URL,
            False,
        ),
        (
            attribute("front", "url", "a'b", 1),
            f"{FRONT_URL}[paas_texts[0]][1]",
            False,
        ),
        (attribute({"$self": "wn"}, "private_address"), "private_address", True),
        (attribute("wn", "tosca_name"), "'wn'", True),
        (attribute("fe server", "endpoint", "ip_address"), "hostvars[groups['fe_server'][0]].ansible_host", False),
        (call("concat", "http://", attribute("wn", "private_address", 0), ":", 80), None, True),
        (call("token", attribute("wn", "private_address", 0), ".", 1), None, True),
    ],
)
def test_functions(value, text, certain):
    found = Expressions(PLAN).of(value)
    assert text is None or found.text == text
    assert (not found.tests) == certain
    jinja2.Environment().parse("{{ " + found.text + " }}")
    for test in found.tests:
        jinja2.Environment().parse("{{ " + test + " }}")


def test_concat_and_token():
    address = attribute("wn", "private_address", 0)
    assert (
        text_of(call("concat", "a{{", address, True))
        == "paas_texts[0] ~ hostvars[groups['wn'][0]].private_address ~ 'true'"
    )
    assert text_of(call("token", address, ".", 1)) == "(hostvars[groups['wn'][0]].private_address).split('.')[1]"
    found = jinja2.Environment().from_string("{{ " + text_of(call("token", "a-b:c.d-e", "-:.:", 4)) + " }}")
    assert found.render() == "e"
    with pytest.raises(NeverKnown):
        text_of(call("token", "a", "abcdefghijklmnopqrstuvw", 0))


def test_join():
    address = attribute("wn", "private_address", 0)
    assert text_of(call("join", ["red", address], ",")) == (
        "['red', hostvars[groups['wn'][0]].private_address] | join(',')"
    )
    assert text_of(call("join", attribute("wn", "private_address"))) == (
        "(groups['wn'] | map('extract', hostvars, 'private_address') | list) | join('')"
    )
    assert text_of(call("concat", "a{{", call("join", [address], "}}"))) == (
        "paas_texts[0] ~ [hostvars[groups['wn'][0]].private_address] | join(paas_texts[1])"
    )


def rendered(value: Any, variables: dict[str, Any], assigned: list[tuple[list[str], Any]]) -> Any:
    """Return what an expression is on the machines of a group; None when a test says that it has no value."""
    plan = {**PLAN, "attributes": [{"node": node, "path": path, "value": first} for (node, *path), first in assigned]}
    expressions = Expressions(plan)
    found = expressions.of(value)
    hosts = {"fe-0": {"private_address": "10.0.0.1", scopes.TOLD: {"front": {"0": variables}}}}
    known = {"hostvars": hosts, "groups": {"fe_server": ["fe-0"], "none": []}, "paas_texts": expressions.texts}
    environment = jinja2.Environment(undefined=jinja2.ChainableUndefined)  # as Ansible's are
    environment.filters["indigo.paas.told"] = told
    if not all(environment.compile_expression(test)(**known) for test in found.tests):
        return None
    return environment.compile_expression(found.text)(**known)


@pytest.mark.parametrize(
    ("value", "assigned", "before", "after"),
    [
        (attribute("front", "url"), [], None, "now"),
        (attribute("front", "url"), [(["front", "url"], "first")], "first", "now"),
        (
            attribute("front", "url"),
            [(["front", "url"], call("concat", "at ", attribute("fe server", "private_address", 0)))],
            "at 10.0.0.1",
            "now",
        ),
        (attribute("fe server", "other"), [(["fe server", "other"], 5)], 5, 5),
        (attribute("fe server", "endpoint", "speed"), [(["fe server", "endpoint", "speed"], 5)], 5, 5),
        (attribute("none", "private_address"), [], [], []),
        (attribute("none", "public_address"), [], [], []),
    ],
)
def test_an_attribute_has_its_first_value_until_what_runs_gives_it_another(value, assigned, before, after):
    assert rendered(value, {}, assigned) == before
    assert rendered(value, {"front_url": "now"}, assigned) == after


def test_values_that_refer_to_each_other_too_often_are_left_out():
    chain = [{"node": str(n), "path": ["a"], "value": attribute(str(n + 1), "a")} for n in range(2000)]
    with pytest.raises(NeverKnown):
        Expressions({**PLAN, "attributes": chain}).of(attribute("0", "a"))


@pytest.mark.parametrize(
    "value",
    [
        attribute("nobody", "x"),
        attribute("front", "other"),
        attribute("wn", "private_address", -1),
        attribute("wn", "private_address", 0, "x"),
        attribute("wn", "other"),
        call("malformed"),
        call("concat", {"a": 1}),
        call("join", "a", ","),
        call("join", [{"a": 1}], ","),
        call("concat", {"$jinja": "{{ x }}"}, attribute("wn", "private_address", 0)),
    ],
)
def test_what_no_expression_can_say(value):
    with pytest.raises(NeverKnown):
        Expressions(PLAN).of(value)


@given(st.text())
def test_a_literal_is_its_text_in_jinja(text):
    made = Expressions(PLAN)
    written = made.literal(text)
    assert not set("{}%#\\\n") & set(written)
    assert jinja2.Environment().compile_expression(written)(paas_texts=made.texts) == text


@given(st.text())
def test_trusted_jinja_cannot_take_a_text_beside_it_for_more(text):
    expressions = Expressions(PLAN)
    made = expressions.value({"$jinja": [text, {"$jinja": "{{ 1 + 1 }}"}, text]})
    assert isinstance(made, Template)
    rendered = jinja2.Environment(keep_trailing_newline=True).from_string(made).render(paas_texts=expressions.texts)
    assert rendered == f"{text}2{text}"


class Loader(yaml.SafeLoader):
    """Reads what Ansible would read as unsafe."""


Loader.add_constructor("!unsafe", lambda loader, node: ("unsafe", loader.construct_scalar(node)))

TEXT = st.text() | st.text("{}%#jinja2:\n ' \"")
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


def unsafe(value: Any) -> Any:
    """Return what has to be read for a value: all texts and keys of it unsafe that could be templates."""
    if isinstance(value, str):
        return value if is_harmless(value) else ("unsafe", value)
    if isinstance(value, list):
        return [unsafe(item) for item in value]
    if isinstance(value, dict):
        return {unsafe(key): unsafe(item) for key, item in value.items()}
    return value


@given(DATA)
def test_every_text_of_a_user_that_could_be_a_template_is_unsafe(value):
    made = Expressions(PLAN).value(value) if not _reserved(value) else None
    if made is not None:
        assert yaml.load(dump({"x": made}), Loader=Loader)["x"] == unsafe(value)


def _reserved(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key.startswith("$") for key in value) or any(map(_reserved, value.values()))
    return isinstance(value, list) and any(map(_reserved, value))


def test_lines_stay_lines():
    assert dump({"x": Unsafe("one\n{two\n")}) == "---\nx: !unsafe |\n  one\n  {two\n"
    assert dump({"x": Unsafe("one\ntwo\n")}) == "---\nx: |\n  one\n  two\n"
    assert dump({"x": Template("{{ y }}")}, "A\nB") == '---\n# A\n# B\nx: "{{ y }}"\n'


@pytest.mark.parametrize("text", ["{{ x }}", "{% x %}", "{# x #}", "{", "#jinja2: block_start_string: '['\n[ x ]"])
def test_what_could_be_a_template_is_not_harmless(text):
    assert not is_harmless(text)
    assert "!unsafe" in dump({"x": Unsafe(text)})


@pytest.mark.parametrize("text", ["\x85", "a\u2028b", "\t", "\x7f", "a\n\x85\n", " a ", "1", "yes", "~", "- a", "a: b"])
def test_a_harmless_text_is_read_as_it_is(text):
    assert yaml.load(dump({Unsafe(text): Unsafe(text)}), Loader=Loader) == {text: text}


def test_plays_and_tasks_stand_apart():
    play = {
        "name": "p",
        "hosts": "x",
        "tasks": [{"name": "a", "b": Unsafe("1\n    - name: c\n")}, {"name": "d", "e": 1}],
    }
    text = playbook([("Why", [play]), ("", [play])])
    assert text.startswith("---\n# Why\n- name: p\n")
    assert text.count("\n\n    - name: d\n") == 2
    assert "\n\n- name: p\n" in text
    assert yaml.load(text, Loader=Loader)[0]["tasks"][0]["b"] == "1\n    - name: c\n"
