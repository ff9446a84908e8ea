# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.openstack import labels, networks


def network(name, *, id=None, external=False, description=""):
    return SimpleNamespace(name=name, id=id or f"id-{name}", is_router_external=external, description=description)


INNER, OUTER = network("inner"), network("outer", external=True)
MADE = network("made", description=labels.description("another"))


@pytest.mark.parametrize(
    ("name", "found", "create", "answer"),
    [
        (None, [INNER, OUTER, MADE], False, ("id-inner", None)),
        ("inner", [INNER, network("other")], False, ("id-inner", None)),
        ("id-inner", [INNER, network("other")], True, ("id-inner", None)),
        ("made", [INNER, MADE], False, ("id-made", None)),
        ("mine", [INNER], True, (None, "mine")),
        (None, [OUTER], True, (None, "net")),
        (None, [INNER, network("other")], True, (None, "net")),
    ],
)
def test_the_private_network_is_found_or_to_be_made(name, found, create, answer):
    assert networks.private("cloud", name, found, create) == answer


@pytest.mark.parametrize(
    ("name", "found", "create", "problem"),
    [
        (None, [INNER, network("other")], False, "2 networks for nodes, and none is chosen. .* one of: inner, other;"),
        (None, [OUTER], False, "0 networks for nodes"),
        ("outer", [INNER, OUTER], True, "'outer' is external, and nodes cannot be put into it. Name it as site_public"),
        ("iner", [INNER], False, "no network called 'iner'. Did you mean 'inner'?"),
        ("inner", [INNER, network("inner", id="2")], True, "several networks called 'inner'. Give the id."),
    ],
)
def test_what_is_not_clear_is_told(name, found, create, problem):
    with pytest.raises(SiteError, match=problem) as caught:
        networks.private("cloud", name, found, create)
    assert caught.value.bad_input


def test_the_public_network_may_be_none_but_not_unknown():
    assert networks.public("cloud", None, [OUTER]) is None
    assert networks.public("cloud", "outer", [INNER, OUTER]) is OUTER
    with pytest.raises(SiteError, match="no network 'outre' for public addresses. Did you mean 'outer'?"):
        networks.public("cloud", "outre", [INNER, OUTER])
