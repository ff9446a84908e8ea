# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles of collections hold."""

from __future__ import annotations

import importlib
import os

SUFFIXES = ("yml", "yaml")


def has_entry_point(role: str, entry_point: str) -> bool:
    """Return whether ROLE, by its full name, has the tasks file ENTRY_POINT; False where the collection is missing."""
    namespace, collection, name = role.split(".", 2)
    try:
        package = importlib.import_module(f"ansible_collections.{namespace}.{collection}")
    except ImportError:
        return False
    tasks = [os.path.join(path, "roles", *name.split("."), "tasks", entry_point) for path in package.__path__]
    return any(os.path.isfile(f"{path}.{suffix}") for path in tasks for suffix in SUFFIXES)
