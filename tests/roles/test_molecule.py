# SPDX-License-Identifier: Apache-2.0
"""Each service's molecule scenario, on nodes that the project makes; testinfra looks at the nodes from within it."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
COLLECTION = ROOT / "collections/ansible_collections/indigo/paas"
SCENARIOS = sorted(path.parent.name for path in (COLLECTION / "molecule").glob("*/molecule.yml"))
FATAL = re.compile(r"^(fatal|failed): \[", re.MULTILINE)
# What molecule puts before each line of Ansible's, and its colours.
FRAME = re.compile(r"\x1b\[[0-9;]*m|^ *(\x1b\[[0-9;]*m)*│(\x1b\[[0-9;]*m)* ?", re.MULTILINE)


def test_every_service_has_a_scenario():
    """Roles without a type of their own are tried by those that use them."""
    services = {path.parents[1].name for path in (COLLECTION / "roles").glob("*/meta/tosca.yml")}
    assert services <= set(SCENARIOS)


def last_failure(said: str) -> str:
    """Return what the last task that failed said, with its name; all where none did."""
    said = FRAME.sub("", said)
    found = list(FATAL.finditer(said))
    if not found:
        return said
    begin = max(said.rfind("\nTASK [", 0, found[-1].start()), 0)
    return said[begin:].partition("\nPLAY RECAP")[0].strip()


def test_a_failure_is_told_by_its_own_message():
    told = "TASK [Run the tests]\nfatal: [localhost]: FAILED! =>\n    msg: |-\n        E   assert 1 == 2"
    before = "TASK [Try]\nfatal: [a]: FAILED! =>\n    msg: No\n...ignoring\n\nTASK [Look]\nok: [a]\n"
    whole = f"{before}\n{told}\n\nPLAY RECAP ***\na: ok=1"
    framed = "".join(f"  \x1b[2m│\x1b[0m \x1b[0;31m{line}\x1b[0m\n" for line in whole.splitlines())
    assert last_failure(framed) == last_failure(whole) == told
    assert last_failure("no such scenario") == "no such scenario"


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(run, scenario):
    # As `make scenario` does. Molecule's own place for this is one for all checkouts on a machine.
    scratch = ROOT / ".cache" / "molecule" / scenario
    # Molecule breaks lines where its terminal ends.
    env = {"MOLECULE_EPHEMERAL_DIRECTORY": str(scratch), "COLUMNS": "200"}
    done = run("molecule", "test", "-s", scenario, cwd=COLLECTION, env=env, status=None)
    said = done.stdout + done.stderr
    print(said)
    assert done.returncode == 0, last_failure(said)
    # Molecule passes over a step whose file it does not find, and stays green.
    assert not re.search(r"(?i)skipping, (instances|missing)|no hosts matched", said)
    assert re.search(r"\d+ passed", said)
