# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written as TOML is what Python reads from it."""

from __future__ import annotations

import math
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.toml import toml_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


@given(st.dictionaries(TEXT, VALUES))
def test_it_reads_back_as_it_was(document):
    assert tomllib.loads(toml_text(document)) == document


def test_it_looks_as_people_write_it():
    document = {
        "home": "/var/lib/indigo-paas",
        "jobs": {"workers": 2},
        "identity": {"issuers": [{"url": "https://iam.example.org/", "audience": ["paas"]}, {"url": "b"}]},
    }
    assert (
        toml_text(document)
        == """\
home = "/var/lib/indigo-paas"

[jobs]
workers = 2

[identity]

[[identity.issuers]]
url = "https://iam.example.org/"
audience = ["paas"]

[[identity.issuers]]
url = "b"
"""
    )


def test_null_is_left_out_at_every_depth():
    document = {"a": None, "b": {"c": None}, "d": [[{"e": None, "f": 1}]]}
    assert tomllib.loads(toml_text(document)) == {"b": {}, "d": [[{"f": 1}]]}


def test_not_a_number_is_one():
    assert math.isnan(tomllib.loads(toml_text({"x": math.nan}))["x"])


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"a": {"b": [None]}}, r"a\.b is None, which TOML cannot say"),
        ({"a": {1: 2}}, "a has the key 1, which is no text"),
        ({"a": {"b": "\ud800"}}, r"a\.b holds half of a surrogate pair"),
    ],
)
def test_what_toml_cannot_say_is_named(document, words):
    with pytest.raises(ValueError, match=words):
        toml_text(document)
