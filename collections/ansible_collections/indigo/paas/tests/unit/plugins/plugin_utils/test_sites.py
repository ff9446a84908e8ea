# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites as the inventory describes them."""

from __future__ import annotations

from ansible_collections.indigo.paas.plugins.plugin_utils.sites import site_options


def test_only_what_carries_the_prefix_is_an_option():
    assert site_options({"site_type": "docker", "ansible_host": "x", "site_": 1}) == {"type": "docker", "": 1}
