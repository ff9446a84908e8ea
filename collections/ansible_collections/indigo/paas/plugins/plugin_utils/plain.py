# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes from Ansible, as plain Python data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def plain(value: Any) -> Any:
    """Return VALUE (JSON-able) as plain dicts, lists and strings.

    Ansible hands out lazy containers and tagged strings; a string that leaves this function
    carries no tag, so that nothing made of it is ever taken for a template.
    """
    return json.loads(json.dumps(value, default=_plain_default))


def _plain_default(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): value[key] for key in value}
    if isinstance(value, Sequence):
        return list(value)
    return str(value)
