# SPDX-License-Identifier: Apache-2.0
"""Text of a user is data: Jinja and shell syntax in it run nowhere, neither here nor on a node.

One deployment carries a trap of each kind in each place; a trap that goes off leaves a file of its own.
"""

from __future__ import annotations

import json
import pathlib

import docker
import pytest
import yaml

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NAME = "test-hostile"
PLACES = (
    "node_name",
    "component_name",
    "property",
    "input",
    "default",
    "description",
    "output",
    "output_description",
    "tag",
)


def trap(directory: pathlib.Path, place: str) -> str:
    """Return text that leaves a file named after PLACE if any part of it is ever evaluated."""
    jinja, shell = directory / f"{place}-jinja", directory / f"{place}-shell"
    return (
        f"{{{{ lookup('pipe', 'touch {jinja}') }}}}$(touch {shell})`touch {shell}`; touch {shell} #' ; touch {shell} "
        f"{{% set x = lookup('pipe', 'touch {jinja}') %}}"
    )


def template(directory: pathlib.Path, base: pathlib.Path) -> str:
    """Return the template of the notes with a trap in each place that a user can write to."""
    document = yaml.safe_load(base.read_text())
    document["description"] = trap(directory, "description")
    topology = document["topology_template"]
    topology["inputs"]["text"]["default"] = trap(directory, "default")
    topology["inputs"]["given"] = {"type": "string"}
    nodes = topology["node_templates"]
    server, note = trap(directory, "node_name"), trap(directory, "component_name")
    nodes[server] = nodes.pop("server")
    nodes[server]["properties"] = {"tags": {"trap": trap(directory, "tag")}}
    nodes[note] = nodes.pop("note")
    nodes[note]["requirements"] = [{"host": server}]
    nodes[note]["properties"]["text"] = {
        "concat": [{"get_input": "given"}, {"get_input": "text"}, trap(directory, "property")]
    }
    topology["outputs"] = {
        "text": {
            "value": {"get_property": [note, "text"]},
            "description": trap(directory, "output_description"),
        },
        trap(directory, "output"): {"value": trap(directory, "output")},
        "path": {"value": {"get_attribute": [note, "path"]}},
    }
    return yaml.safe_dump(document, sort_keys=False)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, root, run):
    from tests.conftest import Command

    directory = tmp_path_factory.mktemp("traps")
    path = directory / "hostile.yaml"
    path.write_text(template(directory, root / "tests/templates/notes.yaml"))
    inputs = directory / "inputs.yaml"
    inputs.write_text(yaml.safe_dump({"given": trap(directory, "input")}))
    indigo = Command(tmp_path_factory.mktemp("hostile") / "home", run)
    indigo.env["ANSIBLE_COLLECTIONS_PATH"] = f"{root / 'collections'}:{root / 'tests' / 'collections'}"
    try:
        result = indigo.json("deploy", str(path), "--inputs", str(inputs), "--name", NAME)
        for command in (
            ("show", NAME),
            ("events", NAME),
            ("outputs", NAME),
            ("check", NAME),
            ("plan", str(path), "--inputs", str(inputs)),
        ):
            indigo(*command)
        indigo("scale", NAME, f"{trap(directory, 'node_name')}=2")
        engine = docker.from_env()
        nodes = engine.containers.list(filters={"label": f"indigo.paas.deployment={NAME}"})
        notes = [node.exec_run(["cat", "/root/note"]).output.decode() for node in nodes]
        sprung = [node.exec_run(["sh", "-c", f"ls {directory} 2>/dev/null"]).output.decode() for node in nodes]
    finally:
        indigo("destroy", NAME, "--yes", status=None)
    return {"directory": directory, "result": result, "notes": notes, "sprung": sprung}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["jinja", "shell"])
def test_nothing_ran(deployed, place, kind):
    assert not (deployed["directory"] / f"{place}-{kind}").exists()
    assert not [found for found in deployed["sprung"] if f"{place}-{kind}" in found]


def test_text_arrived_to_the_letter(deployed):
    directory = deployed["directory"]
    expected = trap(directory, "input") + trap(directory, "default") + trap(directory, "property")
    assert deployed["notes"] == [expected, expected]
    outputs = deployed["result"]["outputs"]
    assert outputs["text"] == expected
    assert outputs[trap(directory, "output")] == trap(directory, "output")
    assert json.dumps(deployed["result"])
