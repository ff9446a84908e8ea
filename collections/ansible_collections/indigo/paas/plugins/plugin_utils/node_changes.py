# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done to nodes, as the results of tasks tell it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Data = dict[str, Any]


def lists(
    created: Iterable[str] = (),
    repaired: Iterable[str] = (),
    removed: Iterable[str] = (),
    kept: Iterable[str] = (),
) -> Data:
    """Return the names under what was done, sorted."""
    named = {"created": created, "repaired": repaired, "removed": removed, "kept": kept}
    return {what: sorted(names) for what, names in named.items()}


def diff(before: Iterable[str], after: Iterable[str]) -> Data:
    """Return the names of the nodes BEFORE and AFTER as Ansible shows differences."""
    return {"before": {"nodes": sorted(before)}, "after": {"nodes": sorted(after)}}
