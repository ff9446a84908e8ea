# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a plan to an Ansible project."""

from __future__ import annotations

from ansible_collections.indigo.paas.plugins.module_utils.translate.project import Target, translate

__all__ = ["Target", "translate"]
