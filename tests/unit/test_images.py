# SPDX-License-Identifier: Apache-2.0
"""Prepared images by the command: what is asked for, what is told, exit codes."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from indigo_paas.cli import _main
from indigo_paas.engine import images
from indigo_paas.engine.images import Asked
from indigo_paas.engine.work import Outcome
from indigo_paas.errors import BadInput, IndigoError
from indigo_paas.templates import collection

IMAGE = {
    "name": "debian-13-htcondor-1a2b3c4d",
    "services": {"indigo.paas.htcondor": "aaaa-1111"},
    "base": "base",
    "distribution": "debian-13",
    "made": "2026-12-01T02:30:00+00:00",
    "id": "sha256:1",
    "size": 500_000_000,
    "site": "lab",
    "machines": 0,
    "problem": None,
}
OLD = {**IMAGE, "name": "debian-13-squid-5e6f7a8b", "machines": 2, "problem": "is 40 days old, more than 30"}


@pytest.fixture
def lab(monkeypatch, tmp_path):
    """Two sites, one of which does not answer; what is deleted and prepared is kept."""
    done = []

    def prepared(name, _options):
        if name == "down":
            raise IndigoError("It does not answer.")
        return [IMAGE, OLD]

    def prepare(_settings, asked, _inputs, _observer, site, again):
        done.append((asked, site, again))
        state = "failed" if "bad" in asked.title else "ok"
        told = {"images": [IMAGE], "ready": [], "removed": [OLD]} if state == "ok" else {}
        return Outcome("image-x", "deploy", state, "", "No room." if told == {} else "", "lab", [], told, 1, [], 20.5)

    monkeypatch.setenv("INDIGO_PAAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(images, "_options", lambda _settings, site: {site: {}} if site else {"lab": {}, "down": {}})
    monkeypatch.setattr(images, "prepare", prepare)
    monkeypatch.setattr(collection, "prepared_images", prepared)
    monkeypatch.setattr(collection, "keeps_images", lambda name, _options: name != "hosts")
    monkeypatch.setattr(collection, "delete_image", lambda name, _options, image: done.append(image) or [IMAGE])
    return done


def indigo(*arguments):
    return CliRunner().invoke(_main.group, ["image", *arguments])


def test_a_template_or_a_service_is_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "archive").write_text("")
    found = images.read(["pool.yaml", "htcondor", "https://example.org/pool", "archive", "htcondor"])
    assert found == [
        Asked("pool.yaml", template="pool.yaml"),
        Asked("htcondor", role="indigo.paas.htcondor"),
        Asked("https://example.org/pool", template="https://example.org/pool"),
        Asked("archive", template="archive"),
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("htcondr", "'htcondr' is neither a template nor a service. Did you mean 'htcondor'?"),
        ("orchestrator", "'orchestrator' cannot be prepared: its role has no entry point install. htcondor can be."),
    ],
)
def test_what_is_neither_is_refused(given, told):
    with pytest.raises(BadInput) as caught:
        images.read([given])
    assert str(caught.value) == told


def test_the_list_says_which_are_used_and_which_site_is_silent(lab):
    result = indigo("list")
    lines = result.stdout.splitlines()
    assert lines[1].split()[:4] == [IMAGE["name"], "lab", "htcondor", "debian-13"]
    assert lines[1].endswith("ready")
    assert lines[2].endswith("not used: is 40 days old, more than 30")
    assert (result.exit_code, result.stderr) == (1, "down: It does not answer.\n")
    assert json.loads(indigo("list", "--site", "lab", "--json").stdout) == {"images": [IMAGE, OLD], "silent": {}}


def test_nothing_is_deleted_where_one_name_is_unknown(lab):
    result = indigo("delete", IMAGE["name"], "debian-13-squid")
    assert isinstance(result.exception, BadInput)
    assert str(result.exception).startswith(
        f"There is no prepared image 'debian-13-squid'. Did you mean '{OLD['name']}'?"
    )
    assert lab == []


def test_one_is_deleted_where_it_is(lab):
    assert indigo("delete", IMAGE["name"]).stdout == f"Deleted {IMAGE['name']} at lab.\n"
    assert json.loads(indigo("delete", IMAGE["name"], "--json").stdout)["deleted"][0]["site"] == "lab"
    assert lab == [IMAGE["name"]] * 2


def test_each_that_is_asked_for_is_prepared(lab):
    result = indigo("prepare", "pool.yaml", "htcondor", "--site", "lab", "--again")
    assert [(asked.title, site, again) for asked, site, again in lab] == [
        ("pool.yaml", "lab", True),
        ("htcondor", "lab", True),
    ]
    assert f"Prepared {IMAGE['name']} at lab (htcondor): 20.5 s." in result.stdout
    assert f"Removed {OLD['name']} of 2026-12-01T02:30:00+00:00: too old, or replaced." in result.stdout
    told = json.loads(indigo("prepare", "pool.yaml", "--json").stdout)
    assert (told["images"], told["problems"], told["total_seconds"]) == ([IMAGE], [], 20.5)


def test_the_first_that_fails_ends_it_and_says_why(lab):
    result = CliRunner().invoke(_main.group, ["image", "prepare", "bad.yaml", "pool.yaml"], standalone_mode=False)
    assert result.return_value == 1
    assert "No room." in result.stderr
    assert len(lab) == 1


def test_there_is_nothing_to_do_on_hosts_that_exist(lab):
    result = indigo("prepare", "pool.yaml", "--site", "hosts")
    assert result.stdout.startswith("Nothing to do: the site hosts keeps no prepared images.")
    assert result.exit_code == 0
    assert lab == []
