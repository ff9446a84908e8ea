# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.indigo.paas.plugins.module_utils import reach
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError


def node(address="192.0.2.7"):
    return SimpleNamespace(name="wn-0", ansible_host=address, ansible_port=22)


def test_a_node_is_waited_for_until_it_answers():
    answers = iter([False, False, True])
    reach.wait_for_ssh(node(), 60, hint="", answers=lambda _node: next(answers))


def test_a_node_that_does_not_answer_is_told_with_what_to_do():
    with pytest.raises(SiteError, match="Node wn-0: no SSH server answers after 0 s at 192.0.2.7 port 22. Look at it"):
        reach.wait_for_ssh(node(), 0, hint="Look at it.", answers=lambda _node: False)


def test_a_node_without_an_address_is_not_waited_for_but_its_own_reason_is_told():
    with pytest.raises(SiteError, match="at no address"):
        reach.wait_for_ssh(node(""), 60, hint="")

    def check():
        raise SiteError("It stopped")

    with pytest.raises(SiteError, match="It stopped"):
        reach.wait_for_ssh(node(""), 60, hint="", check=check)
