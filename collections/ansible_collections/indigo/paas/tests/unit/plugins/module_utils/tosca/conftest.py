# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of TOSCA share: a vocabulary with two small services, and ways to read a template from text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from hypothesis import settings

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import (
    Plan,
    Topology,
    Vocabulary,
    load,
    make_plan,
)
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import (
    load_vocabulary,
    shipped_files,
)

# Time has tests of its own; here a busy machine would make an example look like a fault.
settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")

HEAD = "tosca_definitions_version: tosca_simple_yaml_1_3\ntopology_template:\n"
POOL = Path(__file__).parent / "vocabulary" / "pool.yaml"


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    """The base vocabulary with the types of the tests, and without those of any role."""
    base = [file for file in shipped_files() if file.suffix == ".yaml"]
    return load_vocabulary([*base, POOL])


@pytest.fixture
def body() -> Callable[[str], str]:
    """Make a template of the text of its topology_template."""
    return lambda text: HEAD + indent(dedent(text).strip("\n"), "  ") + "\n"


@pytest.fixture
def load_text(vocabulary: Vocabulary, body: Callable[[str], str]) -> Callable[..., Topology]:
    """Load the text of a topology_template."""
    return lambda text, **inputs: load(body(text), inputs, vocabulary=vocabulary)


@pytest.fixture
def plan_text(vocabulary: Vocabulary, body: Callable[[str], str]) -> Callable[..., Plan]:
    """Plan the text of a topology_template."""

    def plan(text: str, inputs: Any = None, counts: Any = None, removals: Any = None) -> Plan:
        return make_plan(load(body(text), inputs, vocabulary=vocabulary), counts, removals)

    return plan


@pytest.fixture
def problems(vocabulary: Vocabulary) -> Callable[..., list[Problem]]:
    """Return the problems for which a whole template is refused."""

    def refuse(text: str | bytes | Path, inputs: Any = None, **plan: Any) -> list[Problem]:
        with pytest.raises(TemplateError) as caught:
            make_plan(load(text, inputs, vocabulary=vocabulary), **plan)
        return caught.value.problems

    return refuse
