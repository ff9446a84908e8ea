# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say which site is meant."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments indigo.paas.sites (one site) and indigo.paas.sites.several."""

    DOCUMENTATION = r"""
options:
  site:
    description:
      - The site, as a dictionary of its C(name), its C(type) and the options of that type.
      - The filter P(indigo.paas.site#filter) makes it from a host of the inventory group C(paas_sites),
        whose variables carry the same names with the prefix C(site_).
    type: dict
    required: true
  deployment:
    description:
      - Name of the deployment, by which its nodes are labelled.
      - 1 to 40 lower-case letters, digits and hyphens.
    type: str
    required: true
"""

    SEVERAL = r"""
options:
  sites:
    description:
      - The sites by name, each a dictionary of its C(type) and the options of that type.
      - The filter P(indigo.paas.sites#filter) makes it from the hosts of the inventory group C(paas_sites),
        whose variables carry the same names with the prefix C(site_).
    type: dict
    required: true
"""
