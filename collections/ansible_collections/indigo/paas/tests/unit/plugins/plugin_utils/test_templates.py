# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A version of Ansible that runs a user's text is refused before it sees any."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.indigo.paas.plugins.action.plan import ActionModule
from ansible_collections.indigo.paas.plugins.inventory.deployment import InventoryModule
from ansible_collections.indigo.paas.plugins.plugin_utils import templates


def test_this_version_marks_what_it_takes_for_a_template() -> None:
    templates.require_marked_templates()


@pytest.fixture
def _older(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "trust_as_template", None)


@pytest.mark.usefixtures("_older")
def test_the_inventory_plugin_refuses_an_older_one_before_it_reads() -> None:
    given: dict[str, Any] = {}
    inventory = SimpleNamespace(set_variable=given.__setitem__)
    with pytest.raises(AnsibleError, match="needs ansible-core 2.19 or newer"):
        InventoryModule().parse(inventory, SimpleNamespace(), "no.indigo.yml")
    assert not given


@pytest.mark.usefixtures("_older")
def test_the_actions_refuse_an_older_one() -> None:
    with pytest.raises(AnsibleError, match="run here as code"):
        ActionModule(*[SimpleNamespace(args={}) for _each in range(6)]).run()
