# SPDX-License-Identifier: Apache-2.0
"""Jinja in the texts of a trusted template is evaluated where its stage runs; a user's input never is.

An input that leaves a file when it is evaluated is put between pieces of Jinja that are.
"""

from __future__ import annotations

import pathlib

import docker
import pytest
import yaml

from tests.conftest import Command

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NAME = "test-trusted"


def trap(sprung: pathlib.Path) -> str:
    return f"{{{{ lookup('pipe', 'touch {sprung}') }}}} }}}} {{{{ 1"


def template(base: pathlib.Path) -> str:
    """Return the template of the notes with Jinja around an input, an attribute and in a default."""
    document = yaml.safe_load(base.read_text())
    topology = document["topology_template"]
    topology["inputs"]["given"] = {"type": "string"}
    topology["inputs"]["text"]["default"] = "{{ 'good' ~ ' day' }}"
    topology["node_templates"]["note"]["properties"]["text"] = {
        "concat": [
            "{{ inventory_hostname }} ",
            {"get_input": "given"},
            " {{ 6 * 7 }} {{ paas_node.group }}",
            {"get_attribute": ["HOST", "private_address", 0]},
            " ",
            {"get_input": "text"},
        ]
    }
    return yaml.safe_dump(document, sort_keys=False)


class Deployed:
    """The deployment, and what its node holds."""

    def __init__(self, indigo: Command, sprung: pathlib.Path) -> None:
        self.indigo = indigo
        self.sprung = sprung
        self._engine = docker.from_env()

    def note(self) -> str:
        (node,) = self._engine.containers.list(filters={"label": f"indigo.paas.deployment={NAME}"})
        return node.exec_run(["cat", "/root/note"]).output.decode()

    def address(self) -> str:
        return self.indigo.json("outputs", NAME)["address"]

    def expected(self) -> str:
        return f"server-0 {trap(self.sprung)} 42 server{self.address()} good day"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, root, run):
    directory = tmp_path_factory.mktemp("trusted")
    path, inputs, sprung = directory / "note.yaml", directory / "inputs.yaml", directory / "sprung"
    path.write_text(template(root / "tests/templates/notes.yaml"))
    inputs.write_text(yaml.safe_dump({"given": trap(sprung)}))
    indigo = Command(directory / "home", run)
    indigo.env["ANSIBLE_COLLECTIONS_PATH"] = f"{root / 'collections'}:{root / 'tests' / 'collections'}"
    try:
        indigo("deploy", str(path), "--inputs", str(inputs), "--name", NAME, "--trust-template")
        yield Deployed(indigo, sprung)
    finally:
        indigo("destroy", NAME, "--yes", status=None)


def test_the_jinja_of_the_template_is_evaluated_and_the_input_is_text(deployed):
    assert deployed.note() == deployed.expected()
    assert not deployed.sprung.exists()


def test_later_commands_do_the_same(deployed):
    assert deployed.indigo.json("resume", NAME)["changed"] == 0
    assert deployed.indigo.json("check", NAME)["state"] == "ok"
    assert deployed.note() == deployed.expected()
    assert not deployed.sprung.exists()


def test_the_playbook_alone_does_the_same(deployed, run):
    inventory = deployed.indigo("inventory", NAME).stdout.strip()
    arguments = ("-i", inventory, "indigo.paas.deploy")
    done = run("ansible-playbook", *arguments, env=deployed.indigo.env)
    assert "changed=0" in done.stdout
    assert "changed=1" not in done.stdout
    assert deployed.note() == deployed.expected()
    run("ansible-playbook", *arguments, "-e", "paas_trust_template=false", env=deployed.indigo.env)
    assert deployed.note().startswith("{{ inventory_hostname }} ")
    assert not deployed.sprung.exists()
    run("ansible-playbook", *arguments, env=deployed.indigo.env)
    assert deployed.note() == deployed.expected()


def test_without_trust_it_is_text_again(deployed):
    deployed.indigo("update", NAME, "--no-trust-template")
    assert deployed.note() == (
        f"{{{{ inventory_hostname }}}} {trap(deployed.sprung)} {{{{ 6 * 7 }}}} {{{{ paas_node.group }}}}"
        f"{deployed.address()} {{{{ 'good' ~ ' day' }}}}"
    )
    assert not deployed.sprung.exists()
