# SPDX-License-Identifier: Apache-2.0
"""Hostile text becomes inert, secrets disappear."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indigo_paas.text import MASK, Masker, clean, is_secret, line, show


@given(st.text())
def test_nothing_steers_a_terminal(text):
    bad = [c for c in clean(text) if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert bad == []
    assert "\n" not in line(text)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_stays(text):
    assert clean(text) == text


def test_escapes_are_written_out():
    assert clean("\x1b[31mred\x1b[0m\x07") == "\\x1b[31mred\\x1b[0m\\x07"
    assert clean("a\u202eb\u2028c") == "a\\u202eb\\u2028c"
    assert clean("a\r\nb") == "a\\r\nb"


def test_show_writes_data_as_json():
    assert show("text") == "text"
    assert show(["a", 1, None]) == '["a", 1, null]'


@pytest.mark.parametrize(
    "name", ["password", "DB_PASSWD", "iam_token", "client_secret", "ssh_key", "credential", "apikey"]
)
def test_secret_names(name):
    assert is_secret(name)


@pytest.mark.parametrize("name", ["wn_num", "monkey", "path", "image", "text"])
def test_ordinary_names(name):
    assert not is_secret(name)


def test_secrets_are_masked_by_value_everywhere():
    masker = Masker({"password": "hunter22", "n": 3})
    assert masker.text("login with hunter22 failed") == f"login with {MASK} failed"
    assert masker.data({"args": ["--pass=hunter22"], "n": 3}) == {"args": [f"--pass={MASK}"], "n": 3}


def test_secrets_are_masked_by_name():
    hidden = Masker().data({"token": "abc", "nested": {"key": 42}, "keys": ["a"], "secret": "", "key_given": True})
    assert hidden == {"token": MASK, "nested": {"key": MASK}, "keys": ["a"], "secret": "", "key_given": True}


def test_short_secrets_are_masked_only_alone():
    masker = Masker({"token": "ab"})
    assert masker.text("ab") == MASK
    assert masker.text("a table") == "a table"


def test_secrets_inside_inputs_of_type_map():
    masker = Masker({"database": {"password": "correct horse"}})
    assert masker.text("with correct horse!") == f"with {MASK}!"


def test_a_secret_of_many_lines_is_masked_line_by_line():
    key = "-----BEGIN-----\nMIIEvQIBADANBgkqhkiG\nAAAABBBBCCCCDDDD\n-----END-----"
    masker = Masker({"private_key": key})
    assert "MIIEvQIBADANBgkqhkiG" not in masker.text("line: MIIEvQIBADANBgkqhkiG")
    assert "AAAABBBBCCCCDDDD" not in masker.text('"' + key.replace("\n", "\\n") + '"')


@given(st.text(min_size=5), st.text(), st.text())
def test_no_secret_survives(secret, before, after):
    masked = Masker({"password": secret}).text(before + secret + after)
    assert secret not in masked.replace(MASK, "") or secret in before + after or secret in MASK
