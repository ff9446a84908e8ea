# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How nodes are reached."""

from __future__ import annotations

import shlex

import pytest

from ansible_collections.indigo.paas.plugins.plugin_utils.connection import connection_variables, known_hosts_file


def test_no_key_means_that_ansible_decides():
    assert connection_variables(None) == {}


@pytest.mark.parametrize("key", ["/state/ssh_key", "/with space/ssh_key", "/$(touch x)/ssh_key", "/a'b/ssh_key"])
def test_the_key_s_own_known_hosts_are_used_and_strictly(key):
    variables = connection_variables(key)
    assert variables["ansible_ssh_private_key_file"] == key
    options = shlex.split(variables["ansible_ssh_common_args"])[1::2]
    assert f"UserKnownHostsFile={known_hosts_file(key)}" in options
    assert "StrictHostKeyChecking=yes" in options
