# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make playbooks from elsewhere ready to run, on the controller: see the module's documentation."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any, ClassVar

from ansible import constants

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import Finders, prepare
from ansible_collections.indigo.paas.plugins.plugin_utils.controller_action import ControllerAction


class ActionModule(ControllerAction):
    """One call of the collection's code."""

    SPEC: ClassVar[dict[str, Any]] = {
        "plan": {"type": "dict", "required": True},
        "directory": {"type": "path", "required": True},
        "cache": {"type": "path", "default": "~/.cache/indigo-paas/artifacts"},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        finders = Finders(_find_collection, _has_role)
        directory, cache = Path(args["directory"]), Path(args["cache"])
        return prepare(args["plan"], directory, cache, finders, self._task.check_mode)


def _find_collection(name: str) -> Path | None:
    """Return the directory from which Ansible takes a collection."""
    try:
        spec = importlib.util.find_spec(f"ansible_collections.{name}")
    except (ImportError, ValueError):
        return None
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None


def _has_role(name: str) -> bool:
    """Say whether Ansible finds a role: namespace.collection.role, or one on the roles' path."""
    collection, _dot, role = name.rpartition(".")
    found = _find_collection(collection) if collection.count(".") == 1 else None
    if found is not None:
        return (found / "roles" / role).is_dir()
    return any(os.path.isdir(os.path.join(path, name)) for path in constants.DEFAULT_ROLES_PATH)
