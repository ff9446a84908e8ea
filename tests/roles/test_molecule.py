# SPDX-License-Identifier: Apache-2.0
"""Each role's molecule scenario, on nodes that the project makes; testinfra looks at the nodes from within it."""

from __future__ import annotations

import pathlib
import re

import pytest

COLLECTION = pathlib.Path(__file__).parents[2] / "collections/ansible_collections/indigo/paas"
SCENARIOS = sorted(path.parent.name for path in (COLLECTION / "molecule").glob("*/molecule.yml"))

pytestmark = [pytest.mark.engine, pytest.mark.slow]


def test_every_role_has_a_scenario():
    roles = {path.name for path in (COLLECTION / "roles").iterdir() if path.is_dir()}
    assert roles <= set(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(run, scenario):
    done = run("molecule", "test", "-s", scenario, cwd=COLLECTION)
    said = done.stdout + done.stderr
    # Molecule passes over a step whose file it does not find, and stays green.
    assert not re.search(r"(?i)skipping, (instances|missing)|no hosts matched", said)
    assert re.search(r"\d+ passed", said), said
