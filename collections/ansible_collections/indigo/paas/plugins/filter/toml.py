# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data as TOML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.indigo.paas.plugins.module_utils.toml import toml_text
from ansible_collections.indigo.paas.plugins.plugin_utils.plain import plain


def to_toml(document: dict[str, Any]) -> str:
    """Return DOCUMENT as TOML text."""
    try:
        return toml_text(plain(document))
    except ValueError as error:
        raise AnsibleFilterError(f"This cannot be written as TOML: {error}.") from None


class FilterModule:
    """What writes configuration files."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"to_toml": to_toml}
