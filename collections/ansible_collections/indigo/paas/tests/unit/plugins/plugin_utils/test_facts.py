# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts are what a machine says, and it may say anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[8]
TEMPLATE = {
    "tosca_definitions_version": "tosca_simple_yaml_1_3",
    "topology_template": {"node_templates": {"box": {"type": "tosca.nodes.indigo.Compute"}}},
}


@pytest.mark.parametrize(("injected", "warned"), [("true", True), ("false", False)])
def test_variables_of_facts_are_warned_of(tmp_path: Path, injected: str, warned: bool) -> None:
    (tmp_path / "template.yaml").write_text(json.dumps(TEMPLATE))
    command = [Path(sys.executable).parent / "ansible", "localhost", "-m", "indigo.paas.plan"]
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_INJECT_FACT_VARS": injected}
    done = subprocess.run(
        [*command, "-a", "template=template.yaml"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert ("inject_facts_as_vars" in " ".join(done.stderr.split())) is warned
