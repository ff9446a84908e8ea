# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.existing_volumes import require_offered
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup


def group(**volume: Any) -> NodeGroup:
    return NodeGroup.from_plan({"name": "wn", "group": "wn", "volumes": [{"name": "data", **volume}]})


def test_what_is_offered_and_what_is_new_may_be_had() -> None:
    require_offered(
        "cloud",
        [NodeGroup("fe", "fe", "fe"), group(size=1), group(volume_id="shared"), group(snapshot_id=7)],
        ["shared", "7"],
    )


@pytest.mark.parametrize("kind", ["volume", "snapshot"])
def test_what_is_not_offered_is_refused(kind: str) -> None:
    with pytest.raises(SiteError, match=f"'cloud' offers no {kind} 'share', which the volume 'data' of 'wn'") as caught:
        require_offered("cloud", [group(**{f"{kind}_id": "share"})], ["shared"])
    assert caught.value.bad_input
    assert "Did you mean 'shared'? An operator offers one by site_volumes." in str(caught.value)


def test_nothing_is_offered_by_default() -> None:
    with pytest.raises(SiteError, match="It offers none. An operator offers one by site_volumes"):
        require_offered("cloud", [group(volume_id="somebody-s")], [])
