# SPDX-License-Identifier: Apache-2.0
"""Secrets disappear, names stay; what it costs grows with the text alone."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indigo_paas.ground.masking import MASK, PIECE, Finder, Masker, Public, is_secret, merged, tells_secret
from indigo_paas.templates import collection
from indigo_paas.templates.source import Template

SAME = """tosca_definitions_version: tosca_simple_yaml_1_0
topology_template:
  inputs:
    admin_password: { type: string, default: administrator }
    admin_user: { type: string, default: administrator }
  node_templates:
    administrator: { type: tosca.nodes.indigo.Compute }
    shop:
      type: tosca.nodes.SoftwareComponent
      requirements: [ { host: administrator } ]
  outputs:
    where: { value: { get_attribute: [ administrator, private_address, 0 ] } }
    password: { value: { get_input: admin_password } }
    user: { value: { get_input: admin_user } }
"""


class Counted(str):
    """A text that counts the characters that are cut out of it or looked at one by one."""

    def __new__(cls, text):
        made = super().__new__(cls, text)
        made.steps = 0
        return made

    def __getitem__(self, key):
        cut = super().__getitem__(key)
        self.steps += len(cut)
        return cut


@pytest.mark.parametrize(
    "name", ["password", "DB_PASSWD", "iam_token", "client_secret", "ssh_key", "credential", "apikey"]
)
def test_secret_names(name):
    assert is_secret(name)


@pytest.mark.parametrize("name", ["wn_num", "monkey", "path", "image", "text"])
def test_ordinary_names(name):
    assert not is_secret(name)


def test_long_secrets_are_masked_by_value_in_text():
    masker = Masker({"password": "hunter22", "n": 3})
    assert masker.text("login with hunter22 failed") == f"login with {MASK} failed"
    assert masker.data({"args": ["--pass=hunter22"], "n": 3}) == {"args": [f"--pass={MASK}"], "n": 3}


def test_secrets_are_masked_by_name():
    hidden = Masker().data({"token": "abc", "nested": {"key": 42}, "keys": ["a"], "secret": "", "key_given": True})
    assert hidden == {"token": MASK, "nested": {"key": MASK}, "keys": [MASK], "secret": "", "key_given": True}


def test_short_secrets_are_masked_where_the_line_speaks_of_a_secret():
    masker = Masker({"token": "able", "pin_key": 12})
    assert masker.text("a table, able as 12") == "a table, able as 12"
    assert masker.text("1 able man\nthe token 'able' of 12 tables") == f"1 able man\nthe token '{MASK}' of 12 tables"


def test_a_short_secret_is_masked_where_it_is_the_whole_value():
    assert Masker({"token": "able"}).data({"argument": "able", "text": "an able man"}) == {
        "argument": MASK,
        "text": "an able man",
    }


def test_secrets_inside_inputs_of_type_map():
    masker = Masker({"database": {"password": "correct horse"}})
    assert masker.text("with correct horse!") == f"with {MASK}!"


def test_a_secret_of_many_lines_is_masked_line_by_line():
    key = "-----BEGIN-----\nMIIEvQIBADANBgkqhkiG\nAAAABBBBCCCCDDDD\n-----END-----"
    masker = Masker({"private_key": key})
    assert "MIIEvQIBADANBgkqhkiG" not in masker.text("line: MIIEvQIBADANBgkqhkiG")
    assert "AAAABBBBCCCCDDDD" not in masker.text('"' + key.replace("\n", "\\n") + '"')


def test_secrets_that_overlap_are_both_masked():
    masker = Masker({"password": "correct-horse", "token": "horse-battery"})
    assert masker.text("(correct-horse-battery)") == f"({MASK})"


@given(st.text(min_size=8, max_size=3 * PIECE), st.text(), st.text())
@example("x" * (10 * PIECE + 1), "", "")
def test_no_secret_survives(secret, before, after):
    masked = Masker({"password": secret}).text(before + secret + after)
    assert secret not in masked.replace(MASK, "") or secret in before + after or secret in MASK


@given(st.text(min_size=8, max_size=3 * PIECE), st.text(), st.text())
def test_a_text_without_the_secret_stays(secret, before, after):
    text = before + after
    if not Finder([secret]).spans(text):
        assert Masker({"password": secret}).text(text) == text


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda pair: (pair[0], sum(pair)))))
def test_stretches_are_merged(spans):
    def covered(them):
        return {place for start, end in them for place in range(start, end)}

    found = merged(spans)
    assert covered(found) == covered(spans)
    assert all(one[1] < other[0] for one, other in zip(found, found[1:], strict=False))


def test_names_and_open_values_are_no_secrets():
    public = Public({"node_templates": {"administrator-1": {"user": "operator-one", "password": "correct-horse"}}})
    masker = Masker({"password": "administrator", "token": "operator-one", "key": "correct-horse"}, public)
    assert masker.text("administrator-1, operator-one, correct-horse") == f"administrator-1, operator-one, {MASK}"
    assert masker.data({"user": "operator-one", "password": "administrator"}) == {
        "user": "operator-one",
        "password": MASK,
    }


def test_a_plan_keeps_its_names_and_hides_by_place():
    template = Template.of_text(SAME)
    plan = collection.plan_template(template, {})
    shown = collection.masker(template, plan["inputs"]).plan(plan)
    assert shown["inputs"] == {"admin_password": MASK, "admin_user": "administrator"}
    assert shown["outputs"]["password"]["value"] == MASK
    same = ("groups", "components", "stages", "applications", "policies", "node_groups", "data")
    assert {name: shown[name] for name in same} == {name: plan[name] for name in same}
    assert shown["outputs"]["where"] == plan["outputs"]["where"]


TOKEN = {"$function": {"get_attribute": ["key", "token"]}}


def test_a_plan_whose_parts_have_secret_names_keeps_its_structure():
    plan = {
        "groups": [{"name": "token", "hostname": "secret", "tags": {"api_key": "abc"}}],
        "components": [
            {
                "name": "key",
                "attributes": {"token": {"fact": "service_token"}},
                "operations": [
                    {
                        "role": "a.b.password",
                        "arguments": {"a_token": {"$function": {"get_attribute": ["key", "token"]}}},
                    }
                ],
            }
        ],
        "outputs": {"token": {"description": "what opens it", "value": {"$function": {"concat": ["id:", "abc"]}}}},
    }
    shown = Masker().plan(plan)
    assert shown["groups"] == [{"name": "token", "hostname": "secret", "tags": {"api_key": MASK}}]
    assert shown["components"] == plan["components"]
    assert shown["outputs"] == {
        "token": {"description": "what opens it", "value": {"$function": {"concat": [MASK, MASK]}}}
    }


def test_messages_name_nodes_as_they_are_called():
    template = Template.of_text(SAME)
    (warning,) = collection.warnings(collection.plan_template(template, {}), template, {})
    assert "nothing implements 'shop'" in warning.text
    masker = collection.masker(template, {"admin_password": "correct-horse"})
    assert masker.text("administrator: correct-horse") == f"administrator: {MASK}"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("password: abc", True),
        ("  'my_token' :  abc", True),
        ('{ "a": 1, "key": x }', True),
        ("password: { get_input: x }", False),
        ("password:", False),
        ("password:abc", False),
        ("password: # later", False),
        ("monkey: abc", False),
        ("a password is x: y", False),
    ],
)
def test_lines_that_tell_a_secret(line, told):
    assert tells_secret(line) is told


def test_what_a_character_costs_does_not_grow_with_text_or_secrets():
    def steps(size, secrets):
        text = Counted(("aaaa" * size)[:-1] + "b")
        list(Finder(secrets).found(text))
        return text.steps / size

    few = ["a" * 64 + "b" * 64]
    many = ["a" * length + "c" * extra for length in range(8, 60) for extra in range(60)] + ["a" * 9999]
    assert steps(800, few) <= 1.05 * steps(200, few)
    assert steps(800, many) <= 1.05 * steps(200, many)
    assert steps(200, many) <= 4 * PIECE * PIECE


def test_a_long_line_with_an_error_in_it_is_looked_at_once(monkeypatch):
    looked = []

    def is_secret_counted(name):
        looked.append(len(name))
        return is_secret(name)

    monkeypatch.setattr("indigo_paas.ground.masking.is_secret", is_secret_counted)
    assert not tells_secret("x" * 30_000 + ":" + "y" * 30_000 + ": z")
    assert sum(looked) <= 60_000
