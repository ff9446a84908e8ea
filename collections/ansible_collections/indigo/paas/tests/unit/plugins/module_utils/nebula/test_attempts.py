# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.nebula.attempts import Attempts
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Node


def node(number):
    return Node("wn-0", "wn", 0, str(number), problem="BOOT_FAILURE: no bridge.")


def test_a_machine_counts_once_however_often_it_is_seen():
    attempts = Attempts("one", 1)
    assert [attempts.fail(node(1)) for _look in range(5)] == [True, *[False] * 4]
    with pytest.raises(SiteError, match="wn-0 could not be made in 2 attempts: BOOT_FAILURE: no bridge"):
        attempts.fail(node(2))


def test_machines_that_never_appear_are_given_up():
    attempts = Attempts("one", 1)
    attempts.make("wn-0")
    attempts.make("wn-1")
    attempts.make("wn-0")
    with pytest.raises(SiteError, match="wn-0 could not be made in 2 attempts: none of them is listed"):
        attempts.make("wn-0")
