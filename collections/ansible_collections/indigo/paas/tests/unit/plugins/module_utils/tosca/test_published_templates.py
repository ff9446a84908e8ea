# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every published template under $INDIGO_PAAS_TEMPLATES is planned as it is, or has a known defect of its own.

Fetch the templates from where they are published, unmodified, and name their directory in the variable.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, open_template, plan_template

VARIABLE = "INDIGO_PAAS_TEMPLATES"
DEFECTS = yaml.safe_load((Path(__file__).parent / "known_defects.yaml").read_text())
EXAMPLES: dict[str, Any] = {
    "string": "x",
    "integer": 1,
    "float": 1.0,
    "boolean": True,
    "version": "1.0",
    "scalar-unit.size": "1 GB",
    "scalar-unit.time": "1 h",
    "list": [],
    "map": {},
}


NEEDS_TEMPLATES = pytest.mark.skipif(
    not os.environ.get(VARIABLE), reason=f"{VARIABLE} does not name a directory of published templates"
)


def published() -> list[Path]:
    directory = os.environ.get(VARIABLE)
    return sorted(path for path in Path(directory).rglob("*.y*ml") if path.is_file()) if directory else []


def required_inputs(template: Path) -> dict[str, Any]:
    """Return a value for each input that has to be given: the first that is allowed, else one of its type."""
    declared = open_template(template)[0].data["topology_template"].get("inputs") or {}
    wanted = {
        name: schema
        for name, schema in declared.items()
        if schema.get("default") is None and schema.get("required") is not False
    }
    return {name: _example(schema) for name, schema in wanted.items()}


def _example(schema: dict[str, Any]) -> Any:
    allowed = [
        constraint["valid_values"] for constraint in schema.get("constraints", []) if "valid_values" in constraint
    ]
    return allowed[0][0] if allowed else EXAMPLES[schema.get("type", "string")]


@NEEDS_TEMPLATES
def test_there_are_published_templates() -> None:
    assert published(), f"there is no template in {os.environ[VARIABLE]}, which {VARIABLE} names"


@NEEDS_TEMPLATES
@pytest.mark.parametrize("template", published() or [Path("none")], ids=lambda path: "/".join(path.parts[-3:]))
def test_a_published_template_is_planned(template: Path) -> None:
    defect = next((words for end, words in DEFECTS.items() if template.as_posix().endswith(f"/{end}")), None)
    if defect is not None:
        with pytest.raises(TemplateError) as caught:
            plan_template(template, required_inputs(template) if "second time" not in defect else {})
        assert [defect in problem.message for problem in caught.value.problems] == [True]
        return
    plan = plan_template(template, required_inputs(template))
    assert plan.groups or plan.applications
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    staged = {name for stage in plan.stages for name in stage["components"]}
    assert staged == {component["name"] for component in plan.components if component["operations"]}
    assert all(warning["file"] == str(template) and warning["line"] for warning in plan.warnings)
