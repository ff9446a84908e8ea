# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sites can hold a plan, in which order they are tried, and why."""

from __future__ import annotations

from ansible_collections.indigo.paas.plugins.module_utils.brokering.choice import candidates, choose
from ansible_collections.indigo.paas.plugins.module_utils.brokering.distribution import distribute
from ansible_collections.indigo.paas.plugins.module_utils.brokering.fit import match_image, misfits

__all__ = ["candidates", "choose", "distribute", "match_image", "misfits"]
