# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No node template takes the name of a group that has hosts of the operator's."""

from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError
from ansible_collections.indigo.paas.plugins.plugin_utils.inventory_groups import require_own_groups

GROUPS = [{"name": "machines", "group": "machines"}, {"name": "wn", "group": "wn"}]


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"machines": [], "all": ["farm"]},
        {"machines": ["machines-0"]},
        {"machines": ["other-0"], "paas_nodes": ["other-0"]},
        {"wn": ["gone-0"], "paas_leaving": ["gone-0"]},
        {"wn": ["lent-0"], "paas_leased": ["lent-0"]},
    ],
)
def test_a_group_of_nodes_alone_is_the_deployments(known: dict[str, list[str]]) -> None:
    require_own_groups(GROUPS, known, ["machines-0"])


def test_a_group_with_other_hosts_is_refused() -> None:
    with pytest.raises(PaasError, match=r"hosts of its own in the group 'machines'.* Give the node template another"):
        require_own_groups(GROUPS, {"machines": ["machines-0", "db"], "wn": []}, ["machines-0"])
