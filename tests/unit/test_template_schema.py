# SPDX-License-Identifier: Apache-2.0
"""indigo-paas template schema: what an editor is given."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from indigo_paas import cli


@pytest.fixture
def schema(capsys):
    assert cli.run(["template", "schema"]) == 0
    return json.loads(capsys.readouterr().out)


def test_it_accepts_the_examples(schema, root):
    examples = sorted((root / "examples").glob("*.yaml"))
    assert examples
    for example in examples:
        jsonschema.validate(yaml.safe_load(example.read_text()), schema)


def test_it_refuses_an_example_without_a_type(schema, root):
    template = yaml.safe_load((root / "examples" / "htcondor_pool.yaml").read_text())
    next(iter(template["topology_template"]["node_templates"].values())).pop("type")
    with pytest.raises(jsonschema.ValidationError, match="'type' is a required property"):
        jsonschema.validate(template, schema)


def test_it_is_written_to_a_file(schema, tmp_path, capsys):
    file = tmp_path / "tosca.json"
    assert cli.run(["template", "schema", "-o", str(file)]) == 0
    assert json.loads(file.read_text()) == schema
    assert capsys.readouterr().out == ""


def test_a_file_that_cannot_be_written_is_bad_input(tmp_path, capsys):
    file = tmp_path / "nowhere" / "tosca.json"
    assert cli.run(["template", "schema", "-o", str(file)]) == 2
    assert f"{file}: cannot write: No such file or directory. Choose another file." in capsys.readouterr().err
