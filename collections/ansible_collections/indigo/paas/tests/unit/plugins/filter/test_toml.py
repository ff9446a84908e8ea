# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter to_toml."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.indigo.paas.plugins.filter.toml import FilterModule

to_toml = FilterModule().filters()["to_toml"]


def test_it_writes_toml():
    assert to_toml({"a": True, "b": {"c": ["d"]}}) == 'a = true\n\n[b]\nc = ["d"]\n'


def test_what_cannot_be_written_is_an_error_of_the_filter():
    with pytest.raises(AnsibleFilterError, match=r"This cannot be written as TOML: a is None"):
        to_toml({"a": [None]})
