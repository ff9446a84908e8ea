# SPDX-License-Identifier: Apache-2.0
"""indigo-paas graph: formats, files, and the picture in the documentation."""

from __future__ import annotations

import pathlib

from indigo_paas import cli

ROOT = pathlib.Path(__file__).parents[2]


def test_pictures_of_the_command(tmp_path, capsys):
    template = str(ROOT / "examples/htcondor_pool.yaml")
    for name, begin in (("a.svg", "<svg"), ("a.dot", "digraph"), ("a.mmd", "---\ntitle")):
        assert cli.run(["graph", template, "-o", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_text().startswith(begin)
    assert cli.run(["graph", template, "--format", "dot"]) == 0
    assert capsys.readouterr().out.startswith("digraph")
    assert cli.run(["graph", template, "-o", str(tmp_path / "a.png")]) == 2
    assert ".svg" in capsys.readouterr().err


def test_the_documented_picture_is_that_of_the_example(capsys):
    assert cli.run(["graph", str(ROOT / "examples/htcondor_pool.yaml")]) == 0
    documented = ROOT / "docs/pictures/htcondor_pool.svg"
    told = f"indigo-paas graph examples/htcondor_pool.yaml -o {documented}"
    assert capsys.readouterr().out == documented.read_text(encoding="utf-8"), told


def test_secrets_are_not_drawn(tmp_path, capsys):
    template = tmp_path / "notes.yaml"
    text = (ROOT / "tests/templates/notes.yaml").read_text().replace("    text:\n", "    note_token:\n")
    template.write_text(text.replace("get_input: text", "get_input: note_token"))
    assert cli.run(["graph", str(template), "-i", "note_token=correct-horse"]) == 0
    told = capsys.readouterr().out
    assert "correct-horse" not in told
    assert "********" in told


def test_required_inputs_need_no_values(capsys):
    assert cli.run(["graph", str(ROOT / "examples/orchestrator.yaml"), "--format", "dot"]) == 0
    assert "orchestrator" in capsys.readouterr().out
