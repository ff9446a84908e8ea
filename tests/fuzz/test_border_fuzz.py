# SPDX-License-Identifier: Apache-2.0
"""Nothing hostile passes from a template, for as long as the suite has time to look."""

from __future__ import annotations

import pytest

from tests.fuzz import border


@pytest.mark.slow
def test_nothing_passes_the_border() -> None:
    tried, taken = border.search(60)
    assert tried > 100
    # Else nothing but refusals was seen.
    assert taken > tried / 100
