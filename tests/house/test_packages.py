# SPDX-License-Identifier: Apache-2.0
"""One wheel carries command and collection; the collection alone builds too; one version number."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile

import pytest
import yaml

import indigo_paas


def test_one_version_everywhere(root, collection):
    galaxy = yaml.safe_load((collection / "galaxy.yml").read_text())["version"]
    project = re.search(r'^version = "(.+)"$', (root / "pyproject.toml").read_text(), re.MULTILINE)
    assert project is not None
    assert {galaxy, project.group(1), indigo_paas.__version__} == {galaxy}


def test_collection_builds(run, collection, tmp_path):
    run("ansible-galaxy", "collection", "build", "--output-path", str(tmp_path), cwd=collection)
    (archive,) = tmp_path.glob("indigo-paas-*.tar.gz")
    with tarfile.open(archive) as built:
        names = built.getnames()
    assert "roles/htcondor/meta/tosca.yml" in names
    assert "playbooks/deploy.yml" in names


@pytest.mark.slow
def test_wheel_alone_gives_a_working_command(run, root, tmp_path):
    run("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(root))
    (wheel,) = tmp_path.glob("indigo_paas-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "ansible_collections/indigo/paas/playbooks/deploy.yml" in names
    assert "indigo_paas/inventories/local/sites.yml" in names
    assert not [name for name in names if name.startswith("ansible_collections/indigo/paas/tests/")]
    assert not {"ansible_collections/__init__.py", "ansible_collections/indigo/__init__.py"} & set(names)

    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    subprocess.run([venv / "bin/pip", "install", "--quiet", str(wheel)], check=True)
    plan = subprocess.run(
        [venv / "bin/indigo-paas", "plan", str(root / "examples/htcondor_pool.yaml")],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": f"{venv}/bin:/usr/bin:/bin"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert plan.returncode == 0, plan.stderr
    assert "wn_server" in plan.stdout
