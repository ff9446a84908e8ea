# SPDX-License-Identifier: Apache-2.0
"""Each service's molecule scenario, on nodes that the project makes; testinfra looks at the nodes from within it."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
COLLECTION = ROOT / "collections/ansible_collections/indigo/paas"
SCENARIOS = sorted(path.parent.name for path in (COLLECTION / "molecule").glob("*/molecule.yml"))
FATAL = re.compile(r"^\s*(fatal|failed): \[|^\[ERROR\]", re.MULTILINE)


def test_every_service_has_a_scenario():
    """Roles without a type of their own are tried by those that use them."""
    services = {path.parents[1].name for path in (COLLECTION / "roles").glob("*/meta/tosca.yml")}
    assert services <= set(SCENARIOS)


def last_failure(said: str) -> str:
    """Return what the last task that failed said, with its name; all where none did."""
    found = list(FATAL.finditer(said))
    if not found:
        return said
    begin = max(said.rfind("\nTASK [", 0, found[-1].start()), 0)
    return said[begin:].partition("\nPLAY RECAP")[0].strip()


def test_a_failure_is_told_by_its_own_message():
    told = "TASK [Run the tests]\nfatal: [localhost]: FAILED! =>\n    msg: |-\n        E   assert 1 == 2"
    before = "TASK [Try]\nfatal: [a]: FAILED! =>\n    msg: No\n...ignoring\n\nTASK [Look]\nok: [a]\n"
    assert last_failure(f"{before}\n{told}\n\nPLAY RECAP ***\na: ok=1") == told
    assert last_failure("no such scenario") == "no such scenario"


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(run, scenario):
    # As `make scenario` does. Molecule's own place for this is one for all checkouts on a machine.
    scratch = {"MOLECULE_EPHEMERAL_DIRECTORY": str(ROOT / ".cache" / "molecule" / scenario)}
    done = run("molecule", "test", "-s", scenario, cwd=COLLECTION, env=scratch, status=None)
    said = done.stdout + done.stderr
    print(said)
    assert done.returncode == 0, last_failure(said)
    # Molecule passes over a step whose file it does not find, and stays green.
    assert not re.search(r"(?i)skipping, (instances|missing)|no hosts matched", said)
    assert re.search(r"\d+ passed", said)
