# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TOSCA: from a template and its inputs to a plan.

`plan_template` is the whole way; `load` and `make_plan` are its two steps; `hosts` holds what is known at run
time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.imports import Resolver
from ansible_collections.indigo.paas.plugins.module_utils.tosca.load import load, open_template
from ansible_collections.indigo.paas.plugins.module_utils.tosca.plan import Plan, make_plan
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import Topology
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import Vocabulary, default_vocabulary

__all__ = [
    "Plan",
    "Resolver",
    "Topology",
    "Vocabulary",
    "default_vocabulary",
    "load",
    "make_plan",
    "open_template",
    "plan_template",
]


def plan_template(
    path: str | bytes | os.PathLike[str],
    inputs: Mapping[str, Any] | None = None,
    counts: Mapping[str, int] | None = None,
    removals: Mapping[str, list[str]] | None = None,
    *,
    vocabulary: Vocabulary | None = None,
    name: str = "template",
    resolver: Resolver | None = None,
    strict: bool = False,
    trust: bool = False,
    sketch: bool = False,
) -> Plan:
    """Return the plan of a template; see `load` and `make_plan` for the arguments.

    Raises TemplateError with all problems that were found.
    """
    topology = load(
        path, inputs, vocabulary=vocabulary, name=name, resolver=resolver, strict=strict, trust=trust, sketch=sketch
    )
    return make_plan(topology, counts, removals, sketch=sketch)
