# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data from Ansible loses its tags and its laziness, and nothing else."""

from __future__ import annotations

import collections

import pytest
from ansible.template import trust_as_template
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.plugin_utils.plain import plain

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
data = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(data)
def test_plain_data_stays_as_it_is(value):
    assert plain(value) == value


def test_a_trusted_template_becomes_mere_text():
    trusted = trust_as_template("{{ 1 + 1 }}")
    assert trusted.__class__ is not str
    assert plain(trusted).__class__ is str
    assert plain({"a": [trusted]}) == {"a": ["{{ 1 + 1 }}"]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (collections.OrderedDict(b=1), {"b": 1}),
        (("x", "y"), ["x", "y"]),
        (collections.UserDict(k=collections.UserList([1])), {"k": [1]}),
    ],
)
def test_other_containers_become_dicts_and_lists(value, expected):
    assert plain(value) == expected
