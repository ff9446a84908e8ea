# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say which site is meant."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments indigo.paas.sites (one site), and indigo.paas.sites.several, .deployment and .key."""

    DOCUMENTATION = r"""
options:
  site:
    description:
      - The site, as a dictionary of its C(name), its C(type) and the options of that type.
      - The filter P(indigo.paas.site#filter) makes it from a host of the inventory group C(paas_sites),
        whose variables carry the same names with the prefix C(site_).
    type: dict
    required: true
"""

    DEPLOYMENT = r"""
options:
  deployment:
    description:
      - Name of the deployment, by which its nodes are labelled.
      - 1 to 40 lower-case letters, digits and hyphens.
    type: str
    required: true
"""

    KEY = r"""
options:
  ssh_key:
    description:
      - Path of the deployment's private SSH key on the controller.
        It is made, of type ed25519, when it is missing.
      - The nodes' host keys, learned from the site, are written to the file C(known_hosts) beside it.
      - One of O(ssh_key) and O(public_key) is required when O(state=present).
    type: path
  public_key:
    description:
      - A public SSH key that the nodes shall let in as C(root), where the private key is kept elsewhere.
    type: str
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
