# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large a node is to be."""

from __future__ import annotations

import typing as t


def node_size(group: t.Mapping[str, t.Any]) -> dict[str, float]:
    """Return {"cpus", "memory" in bytes} of a node of the plan's GROUP; by default 1 CPU and 512 MiB."""
    size = group.get("size") or {}
    return {"cpus": size.get("cpus") or 1, "memory": size.get("memory") or 512 * 1024**2}
