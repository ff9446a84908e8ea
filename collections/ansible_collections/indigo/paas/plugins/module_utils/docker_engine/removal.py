# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing what something else may still hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.library import APIError, NotFound

REMOVAL_TIMEOUT = 60  # seconds
CONFLICT = 409  # a container that is about to go still holds it, or somebody else's removal is under way


def remove_when_free(remove: Callable[[], Any]) -> None:
    """Call REMOVE until the engine does it, for a minute; that it is gone already is success. Raises APIError."""
    began = time.monotonic()
    while True:
        try:
            remove()
            return
        except NotFound:
            return
        except APIError as error:
            if error.status_code != CONFLICT or time.monotonic() - began > REMOVAL_TIMEOUT:
                raise
            time.sleep(0.2)
