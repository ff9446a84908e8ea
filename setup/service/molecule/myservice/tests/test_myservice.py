# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node that the role set up is seen to be, by its own tools. A test that asks for `node` runs on each."""

from __future__ import annotations

from testinfra.host import Host


def test_it_says_what_the_inventory_asks_for(node: Host, name: str) -> None:
    assert node.check_output("jq --raw-output .text /etc/myservice.json") == f"Hello, {name}"
