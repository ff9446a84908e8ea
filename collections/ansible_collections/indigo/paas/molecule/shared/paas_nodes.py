# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the tests of every scenario: the nodes of the inventory that the variable PAAS_INVENTORY names.

A test that asks for `node`, `name` or `address` runs once for each node that there is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
import testinfra
import yaml
from testinfra.host import Host


def _inventory() -> str:
    try:
        return os.environ["PAAS_INVENTORY"]
    except KeyError:
        raise pytest.UsageError("these tests need nodes: run `make scenario NAME=...`") from None


def _groups() -> dict[str, dict[str, Any]]:
    """Return the variables of the nodes by group and name."""
    with open(_inventory(), encoding="utf-8") as file:
        return {group: body["hosts"] for group, body in yaml.safe_load(file).items()}


def _host(name: str) -> Host:
    return testinfra.get_host(f"ansible://{name}?ansible_inventory={_inventory()}")


def _nodes() -> dict[str, Any]:
    return {name: variables for hosts in _groups().values() for name, variables in hosts.items()}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", list(_nodes()), scope="session")


@pytest.fixture(scope="session")
def node(name: str) -> Host:
    """A node."""
    return _host(name)


@pytest.fixture(scope="session")
def address(name: str) -> str:
    """Where this machine reaches the node."""
    return str(_nodes()[name]["ansible_host"])


@pytest.fixture(scope="session")
def nodes_of() -> Callable[[str], dict[str, Host]]:
    """Return the nodes of a group by name."""
    return lambda group: {name: _host(name) for name in _groups()[group]}
