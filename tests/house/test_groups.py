# SPDX-License-Identifier: Apache-2.0
"""Tests that run at the same time do not share the OpenStack."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture
def group_of(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """The function of the same name in the root's conftest.py, as pytest has loaded it."""
    return next(plugin.group_of for plugin in request.config.pluginmanager.get_plugins() if hasattr(plugin, "group_of"))


def needs_openstack(item: pytest.Item) -> bool:
    return "openstack_cloud" in getattr(item, "fixturenames", ())


def test_there_is_one_openstack(request: pytest.FixtureRequest, group_of: Callable[[str], str]) -> None:
    wrong = [
        item.nodeid for item in request.session.items if needs_openstack(item) != (group_of(item.nodeid) == "openstack")
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/unit/test_a.py::test_b[x::y]", "tests/unit/test_a.py"),
        ("tests/sites/test_openstack_faults.py::test_b", "openstack"),
        (
            "collections/x/tests/unit/sites/test_openstack.py::test_b",
            "collections/x/tests/unit/sites/test_openstack.py",
        ),
        ("tests/faults/test_kill.py::test_b[1]", "tests/faults/test_kill.py::test_b[1]"),
    ],
)
def test_a_test_has_a_group(group_of: Callable[[str], str], nodeid: str, group: str) -> None:
    assert group_of(nodeid) == group
