# SPDX-License-Identifier: Apache-2.0
"""What holds for the tests of the package and of the collection alike."""

from __future__ import annotations

from hypothesis import settings

# A busy machine makes no test fail: time is measured by benchmarks/, not here.
settings.register_profile("project", deadline=None)
settings.load_profile("project")
