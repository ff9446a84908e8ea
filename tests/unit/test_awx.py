# SPDX-License-Identifier: Apache-2.0
"""What AWX is given: surveys that belong to the templates, playbooks that are there, data that can be read."""

from __future__ import annotations

import json
import pathlib

import pytest
import yaml

from indigo_paas import cli

ROOT = pathlib.Path(__file__).parents[2]
AWX = ROOT / "awx"
COLLECTION = ROOT / "collections/ansible_collections/indigo/paas/playbooks"


class Loader(yaml.SafeLoader):
    """Reads !unsafe as text."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def load(path: pathlib.Path):
    return yaml.load(path.read_text(), Loader=Loader)


@pytest.mark.parametrize("survey", sorted((AWX / "surveys").iterdir()), ids=lambda path: path.stem)
def test_surveys_are_those_of_the_examples(survey, capsys):
    assert cli.run(["survey", str(ROOT / "examples" / f"{survey.stem}.yaml")]) == 0
    assert capsys.readouterr().out == survey.read_text(), f"indigo-paas survey examples/{survey.stem}.yaml -o {survey}"


def test_settings_name_files_that_are_there():
    settings = load(AWX / "settings.yml")
    for template in settings["awx_templates"]:
        assert (AWX / template["survey"]).is_file()
        assert (ROOT / "examples" / pathlib.Path(template["template"]).name).is_file()


def test_playbooks_that_buttons_name_are_in_the_project():
    (play,) = load(AWX / "configure.yml")
    named = set()
    for task in play["tasks"]:
        found = task.get("awx.awx.job_template", {}).get("playbook", "")
        if "{{" not in found:
            named.add(found)
        named |= {each["playbook"] for each in task.get("vars", {}).get("awx_buttons", [])}
    assert named >= {"deploy.yml", "scale.yml", "check.yml", "destroy.yml"}
    for name in named - {""}:
        (imported,) = load(AWX / "project" / name)
        assert imported["ansible.builtin.import_playbook"] == f"indigo.paas.{name.removesuffix('.yml')}"
        assert (COLLECTION / name).is_file()


def test_playbooks_that_the_service_runs_are_in_the_project():
    named = load(AWX / "settings.yml")["awx_service"]
    assert {path.stem for path in (AWX / "project/service").iterdir()} == set(named)
    for playbook in named:
        imported = [play["ansible.builtin.import_playbook"] for play in load(AWX / f"project/service/{playbook}.yml")]
        assert imported == ["indigo.paas.request", f"indigo.paas.{playbook}"]
        assert (COLLECTION / f"{playbook}.yml").is_file()


def test_the_workflow_goes_from_check_to_repair():
    (play,) = load(AWX / "configure.yml")
    (workflow,) = [
        task["awx.awx.workflow_job_template"] for task in play["tasks"] if "awx.awx.workflow_job_template" in task
    ]
    nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
    assert nodes["check"]["related"]["failure_nodes"] == [{"identifier": "repair"}]
    assert nodes["repair"]["unified_job_template"]["name"].startswith("Deploy: ")


def test_a_survey_of_the_command_is_json_and_an_unwritable_file_is_refused(tmp_path, capsys):
    template = str(ROOT / "examples/htcondor_pool.yaml")
    assert cli.run(["survey", template, "-o", str(tmp_path / "s.json")]) == 0
    assert json.loads((tmp_path / "s.json").read_text())["spec"]
    assert cli.run(["survey", template, "-o", str(tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err
