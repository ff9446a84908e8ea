# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.nebula import client


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("User [2] : user [2] limit of 2 reached for VMS quota in VM template.", "It is a quota"),
        ("User [2] : group [1] limit of 4 reached for RUNNING_CPU quota in VM template.", "It is a quota"),
        ("User [2] : limit of 9 reached for SIZE quota in DATASTORE with ID: 1.", "It is a quota"),
        ("User [2] : User Template includes a restricted attribute NIC.", "Only an administrator may set it"),
        ("User [2] : Not authorized to perform CREATE TEMPLATE.", "Nodes of a `template:` say more than it does"),
        ("User [2] : Not authorized to perform USE IMAGE [7].", "Ask the administrator for this right."),
    ],
)
def test_each_reason_has_its_remedy(said, remedy):
    assert client.remedy(said).startswith(remedy)
