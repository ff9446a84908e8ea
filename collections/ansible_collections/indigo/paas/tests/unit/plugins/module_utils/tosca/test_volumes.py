# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes of size 0 are none; one that exists already needs no size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, Vocabulary, plan_template

TEXT = """
inputs: {size: {type: scalar-unit.size, default: 0 GB}}
node_templates:
  server:
    type: tosca.nodes.indigo.Compute
    requirements:
      - local_storage:
          node: disk
          relationship:
            type: tosca.relationships.AttachesTo
            properties: {location: /data}
            interfaces: {Configure: {pre_configure_source: {implementation: mount.yml}}}
  disk:
    type: TYPE
    properties: {PROPERTIES}
outputs: {size: {value: {get_property: [disk, size]}}, given: {value: {get_input: size}}}
"""

PlanText = Callable[..., Plan]


@pytest.mark.parametrize("kind", ["tosca.nodes.BlockStorage", "tosca.nodes.Storage.BlockStorage", "BlockStorage"])
@pytest.mark.parametrize("size", ["0 GB", "0 B", "0.0 TiB", "{get_input: size}", "{get_input: 'size'}"])
def test_a_volume_of_size_0_is_not_made(plan_text: PlanText, kind: str, size: str) -> None:
    plan = plan_text(TEXT.replace("TYPE", kind).replace("PROPERTIES", f"size: {size}"))
    assert plan.groups[0]["volumes"] == []
    assert plan.stages == []
    (warning,) = plan.warnings
    assert (warning["message"], warning["hint"]) == ("the volume 'disk' has the size 0", "No volume is made.")
    assert warning["line"]


def test_a_number_without_a_unit_is_a_size_too(plan_text: PlanText) -> None:
    plan = plan_text(TEXT.replace("TYPE", "BlockStorage").replace("PROPERTIES", "size: 0"))
    assert plan.groups[0]["volumes"] == []
    assert {warning["message"] for warning in plan.warnings} == {
        "the volume 'disk' has the size 0",
        "property 'size' of 'disk': '0' is read as 0 MB",
    }


@pytest.mark.parametrize("name", ["volume_id", "snapshot_id"])
def test_a_volume_that_exists_already_is_attached_all_the_same(plan_text: PlanText, name: str) -> None:
    plan = plan_text(TEXT.replace("TYPE", "BlockStorage").replace("PROPERTIES", f"size: 0 GB, {name}: abc"))
    (volume,) = plan.groups[0]["volumes"]
    assert (volume["size"], volume[name]) == (None, "abc")
    assert len(plan.stages) == 1
    assert plan.warnings[0]["hint"] == "It is taken for no size."


@pytest.mark.parametrize(("size", "volumes"), [("1 MB", 1), ("10 GB", 1)])
def test_other_volumes_are_made(plan_text: PlanText, size: str, volumes: int) -> None:
    plan = plan_text(TEXT.replace("TYPE", "BlockStorage").replace("PROPERTIES", f"size: {size}"))
    assert len(plan.groups[0]["volumes"]) == volumes
    assert plan.warnings == []


@pytest.mark.parametrize(
    ("size", "words"), [("0 GB", "the volume 'disk' has the size 0"), ("1 kB", "breaks the constraint")]
)
def test_a_strict_reader_refuses_a_volume_of_nothing(
    vocabulary: Vocabulary, body: Callable[[str], str], size: str, words: str
) -> None:
    text = body(TEXT.replace("TYPE", "BlockStorage").replace("PROPERTIES", f"size: {size}"))
    inputs: dict[str, Any] = {}
    with pytest.raises(TemplateError) as caught:
        plan_template(text, inputs, vocabulary=vocabulary, strict=True)
    (found,) = caught.value.problems
    assert words in found.message
