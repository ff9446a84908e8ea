# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles that templates of these tests name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[7]
COLLECTIONS = Path(__file__).parent / "module_utils" / "tosca" / "collections"


@pytest.fixture(scope="package", autouse=True)
def _roles() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        known = os.environ.get("ANSIBLE_COLLECTIONS_PATH")
        paths = [str(COLLECTIONS), str(ROOT / "tests" / "collections"), known]
        patch.setenv("ANSIBLE_COLLECTIONS_PATH", os.pathsep.join(filter(None, paths)))
        yield
