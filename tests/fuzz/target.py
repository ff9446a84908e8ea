# SPDX-License-Identifier: Apache-2.0
"""What is done with one input: all that a deployment asks of a template."""

from __future__ import annotations

import functools
import json
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.excerpt import render
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, Vocabulary, load, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import outputs, role_arguments
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import (
    COLLECTION,
    load_vocabulary,
    shipped_files,
)

TESTS = COLLECTION / "tests" / "unit" / "plugins" / "module_utils" / "tosca"


@functools.cache
def vocabulary() -> Vocabulary:
    """Return all types, with those that the unit tests and their shapes use."""
    return load_vocabulary([*shipped_files(), TESTS / "vocabulary" / "pool.yaml"])


def one_input(data: bytes) -> bool:
    """Plan one input as far as it goes; say whether it plans. Anything but TemplateError is a bug.

    The lowest bit of the first byte chooses a strict reader, the next a trusted template, the third that every import
    is the file itself under another name. The rest is the file.
    """
    flags, text = (data[:1] or b"\0")[0], data[1:]
    resolver = (lambda target, _importer: (target, text)) if flags & 4 else None
    try:
        topology = load(text, vocabulary=vocabulary(), resolver=resolver, strict=bool(flags & 1), trust=bool(flags & 2))
        plan = make_plan(topology)
    except TemplateError as error:
        _show(error, text.decode("utf-8", "replace"))
        return False
    found = json.loads(json.dumps(plan.to_dict()))
    assert Plan.from_dict(found) == plan
    _use(found)
    return True


def _show(error: TemplateError, source: str) -> None:
    assert all(render(problem, source) for problem in error.problems)


def _use(plan: dict[str, Any]) -> None:
    """Ask a plan all that a deployment asks, of one machine in each group."""
    nodes = [
        {
            "name": f"{group['hostname']}-0",
            "group": group["group"],
            "index": 0,
            "private_address": ["10.0.0.1"],
            "public_address": [],
        }
        for group in plan["groups"]
    ]
    state = {"nodes": nodes, "facts": {}}
    outputs(plan, state)
    for node in nodes:
        for stage in plan["stages"]:
            role_arguments(plan, state, node["name"], stage["name"])
