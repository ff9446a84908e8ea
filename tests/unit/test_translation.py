# SPDX-License-Identifier: Apache-2.0
"""Translated projects on disk, and the inventories that they are made for."""

from __future__ import annotations

import pathlib

import pytest
import yaml

from indigo_paas import cli
from indigo_paas.engine import translation
from indigo_paas.errors import BadInput
from indigo_paas.templates.source import Template

ROOT = pathlib.Path(__file__).parents[2]
POOL = ROOT / "examples" / "htcondor_pool.yaml"
HOSTS = """\
fe_server:
  hosts:
    h1: {ansible_host: "10.0.0.{{ 1 + 1 }}", ansible_password: geheim, ansible_ssh_private_key_file: /k, mine: 1}
wn_server:
  hosts:
    h2: {private_address: 10.0.0.9}
    h3:
    h4:
  vars:
    ansible_user: root
"""


class Loader(yaml.SafeLoader):
    """Reads !unsafe as a pair, so that it can be told from other text."""


Loader.add_constructor("!unsafe", lambda loader, node: ("unsafe", loader.construct_scalar(node)))


@pytest.fixture
def hosts(tmp_path) -> pathlib.Path:
    path = tmp_path / "hosts.yml"
    path.write_text(HOSTS)
    return path


def test_a_second_run_changes_nothing(tmp_path):
    files = {"site.yml": "a\n", "group_vars/x.yml": "b\n"}
    first = translation.write(files, tmp_path / "new")
    assert first.made == list(files)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "new").rglob("*")}
    second = translation.write(files, tmp_path / "new")
    assert (second.made, second.changed, second.removed) == ([], [], [])
    assert times == {path: path.stat().st_mtime_ns for path in (tmp_path / "new").rglob("*")}


def test_what_differs_is_written_and_what_is_no_more_is_removed(tmp_path):
    translation.write({"a": "1", "b": "2", "c": "3"}, tmp_path / "p")
    (tmp_path / "p" / "vault.yml").write_text("mine")
    done = translation.write({"a": "1", "b": "other", "d": "4"}, tmp_path / "p")
    assert (done.made, done.changed, done.removed) == (["d"], ["b"], ["c"])
    assert (tmp_path / "p" / "vault.yml").read_text() == "mine"
    assert not (tmp_path / "p" / "c").exists()


def test_what_was_edited_by_hand_stays(tmp_path):
    translation.write({"a": "1", "b": "2"}, tmp_path / "p")
    (tmp_path / "p" / "a").write_text("mine")
    with pytest.raises(BadInput, match="changed by hand: a"):
        translation.write({"a": "3", "b": "4"}, tmp_path / "p")
    assert (tmp_path / "p" / "b").read_text() == "2"
    assert translation.write({"b": "2"}, tmp_path / "p").removed == []
    assert (tmp_path / "p" / "a").read_text() == "mine"


@pytest.mark.parametrize("manifest", [None, "{}", '{"files": {"../../x": "1"}}', "[", '{"files": 1}'])
def test_a_foreign_directory_is_refused(tmp_path, manifest):
    (tmp_path / "precious").write_text("x")
    if manifest is not None:
        (tmp_path / translation.MANIFEST).write_text(manifest)
    with pytest.raises(BadInput, match="another directory"):
        translation.write({"a": "1"}, tmp_path)
    assert not (tmp_path / "a").exists()
    with pytest.raises(BadInput, match="no directory"):
        translation.write({"a": "1"}, tmp_path / "precious")


def test_hosts_are_those_of_the_inventory(hosts):
    files = translation.for_hosts(Template(str(POOL)), {}, hosts)
    inventory = yaml.load(files["inventory/hosts.yml"], Loader=Loader)["paas_nodes"]["children"]
    assert set(inventory["wn_server"]["hosts"]) == {"h2", "h3", "h4"}
    assert inventory["wn_server"]["hosts"]["h2"] == {
        "ansible_user": "root",
        "private_address": "10.0.0.9",
    }
    assert inventory["fe_server"]["hosts"]["h1"] == {
        "ansible_host": "10.0.0.{{ 1 + 1 }}",
        "ansible_password": "{{ vault_ansible_password }}",
        "ansible_ssh_private_key_file": "/k",
    }
    assert "geheim" not in "".join(files.values())
    assert "nodes.yml" not in files
    assert "`wn_server` | 3" in files["README.md"]


def test_an_inventory_without_the_groups_says_which(hosts):
    hosts.write_text("fe_server:\n  hosts:\n    h1:\n")
    with pytest.raises(BadInput, match="no hosts in wn_server.*fe_server, wn_server"):
        translation.for_hosts(Template(str(POOL)), {}, hosts)
    with pytest.raises(BadInput, match="no inventory at"):
        translation.for_hosts(Template(str(POOL)), {}, hosts.parent / "nowhere")


def test_the_command_writes_says_and_refuses(hosts, tmp_path, capsys):
    place = tmp_path / "pool"
    words = ["translate", str(POOL), "-o", str(place), "--hosts", str(hosts)]
    assert cli.run(words) == 0
    assert f"wrote {place / 'site.yml'}" in capsys.readouterr().out
    assert cli.run(words) == 0
    assert "is as it should be" in capsys.readouterr().out
    assert cli.run([*words, "--site", "local"]) == 2
    assert cli.run(["translate", str(POOL), "-o", str(tmp_path), "--hosts", str(hosts)]) == 2


def test_secrets_of_inputs_are_not_written(hosts, tmp_path):
    template = tmp_path / "notes.yaml"
    text = (ROOT / "tests" / "templates" / "notes.yaml").read_text()
    secret = "    note_token:\n      type: string\n      default: sesame"
    text = text.replace("    text:\n      type: string\n      default: hello", secret)
    template.write_text(text.replace("get_input: text", "get_input: note_token"))
    hosts.write_text("server:\n  hosts:\n    h1:\n")
    files = translation.for_hosts(Template(str(template)), {"note_token": "open-sesame"}, hosts)
    everything = "".join(files.values())
    assert "sesame" not in everything
    assert "`vault_note_text`" in files["README.md"]
