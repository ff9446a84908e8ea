# SPDX-License-Identifier: Apache-2.0
"""The sites as a table, and the check of one."""

from __future__ import annotations

import contextlib
import json
import pathlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

SITES = """\
paas_sites:
  vars: {site_location: somewhere}
  hosts:
    down: {site_type: docker, site_endpoint: "tcp://127.0.0.1:1"}
    wrong: {site_type: docker, site_max_node: 5}
    farm: {site_type: static}
"""


@pytest.fixture
def indigo_sites(indigo, tmp_path: pathlib.Path):
    path = tmp_path / "sites.yml"
    path.write_text(SITES)
    indigo.env["INDIGO_PAAS_SITES"] = str(path)
    return indigo


def test_every_site_has_a_line_and_says_what_ails_it(indigo_sites):
    lines = indigo_sites("sites").stdout.splitlines()
    assert lines[0].split() == ["SITE", "TYPE", "LOCATION", "HEALTH", "CPUS", "MEMORY", "NODES", "IMAGES"]
    assert lines[1].split() == ["down", "docker", "somewhere", "not", "available"]
    told = "\n".join(lines[4:])
    assert "down: No container engine answers at tcp://127.0.0.1:1: " in told
    assert "wrong: Site 'wrong' has no option 'max_node'. Did you mean 'max_nodes'?" in told
    assert "farm: It has no hosts. List them in site_hosts" in told


def test_programs_get_the_descriptions(indigo_sites):
    found = {site["name"]: site for site in indigo_sites.json("sites")}
    assert [found[name]["available"] for name in ("down", "wrong", "farm")] == [False, False, False]
    assert found["down"]["location"] == "somewhere"


def test_a_check_says_what_is_missing_and_fails(indigo_sites):
    told = indigo_sites("site", "check", "down", status=1).stdout
    assert "down (docker): deployments cannot run there as it is." in told
    assert "  missing: No container engine answers" in told
    found = json.loads(indigo_sites("site", "check", "wrong", "--json", status=1).stdout)
    assert (found["ok"], found["description"]) == (False, None)
    assert found["missing"] == ["Site 'wrong' has no option 'max_node'. Did you mean 'max_nodes'?"]


def test_an_unknown_site_is_named_with_the_nearest(indigo_sites):
    assert "There is no site 'dwon'. Did you mean 'down'?" in indigo_sites("site", "check", "dwon", status=2).stderr


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and says nothing for a while."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _address = server.accept()
                    time.sleep(3)
                    connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("command", "told"), [(("sites",), "Waiting for "), (("site", "check", "silent"), "Trying silent ...")]
)
def test_what_takes_its_time_says_for_whom_it_waits(indigo, tmp_path, silent, command, told):
    sites = {
        "silent": {"site_type": "docker", "site_endpoint": f"tcp://127.0.0.1:{silent}"},
        "farm": {"site_type": "static"},
    }
    (tmp_path / "sites.yml").write_text(json.dumps({"paas_sites": {"hosts": sites}}))
    indigo.env["INDIGO_PAAS_SITES"] = str(tmp_path / "sites.yml")
    done = indigo(*command, "--json", status=None)
    assert done.stderr.startswith(told)
    assert len(done.stderr.splitlines()) == 1
    assert json.loads(done.stdout)


@pytest.mark.engine
def test_a_site_that_is_well_is_told_so(indigo):
    assert "local" in indigo("sites").stdout
    told = indigo("site", "check", "local")
    assert isinstance(told, subprocess.CompletedProcess)
    assert "local (docker): deployments can run there." in told.stdout
