# SPDX-License-Identifier: Apache-2.0
"""Hostile text becomes inert."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indigo_paas.ground.text import clean, counted, line, show


@pytest.mark.parametrize(("number", "said"), [(0, "0 nodes"), (1, "1 node"), (2, "2 nodes")])
def test_a_single_thing_is_called_so(number, said):
    assert counted(number, "node") == said


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
