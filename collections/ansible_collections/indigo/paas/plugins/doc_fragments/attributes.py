# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes that every module states."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments indigo.paas.attributes, with which a module states its own support, and indigo.paas.attributes.info."""

    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/indigo.paas.paas) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - indigo.paas.paas
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the site.
  diff_mode:
    description: Will return details on what has changed, or in C(check_mode) would change, when in diff mode.
  idempotent:
    description: When run twice in a row with the same arguments, the second run changes nothing.
"""

    # For a module that only reads; it comes after the first.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module changes nothing.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
  idempotent:
    support: full
    details:
      - This module changes nothing.
"""
