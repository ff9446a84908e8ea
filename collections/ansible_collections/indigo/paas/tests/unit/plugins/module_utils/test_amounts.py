# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes are words that people read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.amounts import amount

UNITS = {
    **{unit: 1000**power for power, unit in enumerate(("B", "kB", "MB", "GB", "TB", "PB", "EB"))},
    **{unit: 1024**power for power, unit in enumerate(("MiB", "GiB", "TiB", "PiB"), 2)},
}


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (20 * 10**12, "20 TB"),
        (1_500_000_000_000, "1500 GB"),
        (8 * 1024**3, "8 GiB"),
        (1536 * 1024**2, "1536 MiB"),
        (20 * 1024**4, "20 TiB"),
        (33_567_891_234, "33.6 GB"),
        (999_999_999_999, "1 TB"),
        (999_600_000_001, "1 TB"),
        (2 * 10**22, "20000 EB"),
        (0, "0 B"),
        (0.5, "0.5 B"),
        (float("inf"), "any amount"),
    ],
)
def test_words(size, words):
    assert amount(size) == words


@given(st.integers(1, 10**21) | st.floats(1, 1e21))
def test_words_have_no_exponent_and_are_about_right(size):
    number, unit = re.fullmatch(r"(\d{1,4}(?:\.\d{1,2})?) (\w+)", amount(size)).groups()
    assert float(number) * UNITS[unit] == pytest.approx(size, rel=0.006)
