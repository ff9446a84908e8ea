# SPDX-License-Identifier: Apache-2.0
"""The collection that the command's tests pretend to have knows nothing that the real one does not."""

from __future__ import annotations

import ast
from typing import Any

import yaml

from indigo_paas.templates import collection
from tests.cli import fake


def documented(text: str) -> dict[str, Any]:
    (found,) = [
        node.value.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION"
    ]
    return dict(yaml.safe_load(found)["options"])


def test_its_inventory_has_no_option_of_its_own() -> None:
    real = documented(
        (collection.root() / "ansible_collections/indigo/paas/plugins/inventory/deployment.py").read_text()
    )
    # Ansible passes over what a plugin does not know: an option that only the pretended one has would be lost.
    pretended = documented(fake.INVENTORY)
    assert {name: real[name]["type"] for name in pretended} == {name: o["type"] for name, o in pretended.items()}
