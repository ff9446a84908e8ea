# SPDX-License-Identifier: Apache-2.0
"""`make service` writes a service that keeps all rules as it is, in a copy of this checkout."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import types

import pytest
import yaml

NAME = "a_service_with_the_longest_nam"
PLACE = "collections/ansible_collections/indigo/paas"
# What a new service has to keep, besides its style.
RULES = (
    "tests/house/test_collection.py",
    "tests/house/test_roles.py",
    "tests/house/test_types_pages.py",
    "tests/roles/test_molecule.py",
)


def files(root: pathlib.Path) -> set[str]:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, cwd=root, text=True, capture_output=True, check=True)
    return {name for name in done.stdout.split("\0") if name and (root / name).is_file()}


@pytest.fixture(scope="module")
def maker(root) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("service", root / "setup" / "service.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def copy(root, tmp_path_factory) -> pathlib.Path:
    """A copy of the checkout, with a new service in it."""
    place = tmp_path_factory.mktemp("checkout")
    for name in files(root):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, place / name, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet"], cwd=place, check=True)
    done = subprocess.run(
        [sys.executable, "setup/service.py", NAME], cwd=place, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"make scenario NAME={NAME}" in done.stdout
    return place


@pytest.fixture(scope="module")
def made(root, copy) -> list[str]:
    """The new files."""
    return sorted(files(copy) - files(root))


@pytest.fixture
def there(copy) -> dict[str, str]:
    """The environment in which Python and Ansible find what is in the copy."""
    found = os.pathsep.join(str(copy / folder) for folder in ("", "src", "collections"))
    return {"PYTHONPATH": found, "ANSIBLE_COLLECTIONS_PATH": str(copy / "collections"), "NO_COLOR": "1"}


@pytest.mark.slow
def test_it_keeps_the_rules_of_the_house(run, copy, there):
    done = run("pytest", "-q", "-p", "no:cacheprovider", "-m", "not engine and not slow", *RULES, cwd=copy, env=there)
    assert "skipped" not in done.stdout


def test_all_that_names_every_service_names_it(root, copy, maker):
    assert f"[{NAME}](types/{NAME}.md)" in (copy / "docs" / "types.md").read_text()
    for page, words in ((maker.TESTS_PAGE, f", molecule-{NAME}, "), (maker.GROUPS, f"/playbooks/{NAME}.yml")):
        before, after = ((place / page).read_text().splitlines() for place in (root, copy))
        assert words in "\n".join(after)
        assert [line for line in before if line not in after and not line.startswith("| `")] == []
    readme = (copy / maker.README).read_text().splitlines()
    assert [line for line in readme if NAME in line] == [
        f"| `indigo.paas.{NAME}` | sets up the service {NAME} on hosts that exist already |",
        f"| `indigo.paas.{NAME}` | the service {NAME} |",
    ]


@pytest.mark.slow
def test_the_linters_find_nothing(run, copy, made, there):
    written = [name for name in made if name.endswith((".yml", ".yaml"))]
    linted = [name for name in written if "/changelogs/" not in name]
    assert len(linted) > 15
    run("yamllint", "--strict", *written, cwd=copy, env=there)
    run("ansible-lint", "--offline", "--profile", "production", "--strict", "-q", *linted, cwd=copy, env=there)
    run("ruff", "check", ".", cwd=copy)
    run("ruff", "format", "--check", ".", cwd=copy)
    assert [name for name in made if "/docs/" not in f"/{name}" and "SPDX" not in (copy / name).read_text()] == []


def test_its_template_is_planned(run, copy, maker, tmp_path, there):
    template = {
        "tosca_definitions_version": "tosca_simple_yaml_1_3",
        "topology_template": {
            "node_templates": {
                "it": {"type": maker.type_name(NAME), "requirements": [{"host": "server"}]},
                "server": {"type": "tosca.nodes.indigo.Compute"},
            },
            "outputs": {"path": {"value": {"get_attribute": ["it", "path"]}}},
        },
    }
    (tmp_path / "it.yaml").write_text(yaml.safe_dump(template))
    assert f"indigo.paas.{NAME}" in run("indigo-paas", "plan", str(tmp_path / "it.yaml"), cwd=copy, env=there).stdout


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "cannot name a role"),
        ("My-service", "cannot name a role"),
        ("1st", "cannot name a role"),
        ("../x", "cannot name a role"),
        ("x__y", "cannot name a role"),
        ("x" * 31, "cannot name a role"),
        ("paas_x", "are not its own"),
        ("packages", "roles/packages already"),
        ("deploy", "playbooks/deploy.yml already"),
        ("shared", "molecule/shared already"),
        ("compute", "has the type tosca.nodes.indigo.Compute already"),
    ],
)
def test_a_name_that_cannot_be_is_refused(maker, root, name, why):
    with pytest.raises(maker.Refused, match=why):
        maker.check(name, root)


def test_a_refusal_writes_nothing(copy):
    before = files(copy)
    again = [sys.executable, "setup/service.py", NAME]
    done = subprocess.run(again, cwd=copy, text=True, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("service: there is ")
    assert files(copy) == before
