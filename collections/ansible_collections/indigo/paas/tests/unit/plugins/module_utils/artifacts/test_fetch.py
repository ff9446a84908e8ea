# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import beside, fetch, galaxy, needs, pins
from ansible_collections.indigo.paas.plugins.module_utils.artifacts.fetch import Places, provide
from ansible_collections.indigo.paas.plugins.module_utils.artifacts.needs import BESIDE, PLAYBOOK, Artifact
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError

META = "galaxy_info: {author: x, description: x, license: x, min_ansible_version: '2.18'}\n"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "deployment", tmp_path / "cache")


def playbook(url: str) -> Artifact:
    place = needs.layout.playbook_of_url(url)
    return Artifact(PLAYBOOK, url, url, place, place, needed_by=("web",))


def no_collection(name):
    return None


def bring(places, *wanted, find=no_collection):
    return provide(wanted, places, find).brought


def said(places, *wanted, find=no_collection) -> list[str]:
    with pytest.raises(PaasError) as caught:
        provide(wanted, places, find)
    return [str(problem) for problem in caught.value.problems]


def files(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


def test_a_playbook_is_fetched_once_and_its_bytes_are_kept(server, places):
    wanted = playbook(f"{server.url}/a/site.yml")
    server.files["/a/site.yml"] = b"first"
    assert bring(places, wanted) == [wanted.place]
    server.files["/a/site.yml"] = b"second"
    assert bring(places, wanted) == []
    assert (places.directory / wanted.place).read_bytes() == b"first"
    assert server.asked == ["/a/site.yml"]
    pinned = json.loads((places.directory / pins.FILE).read_text())[wanted.place]
    assert pinned["source"] == f"{server.url}/a/site.yml"
    assert pinned["sha256"] == pins.tree.digest(places.directory / wanted.place)


def test_another_deployment_takes_it_from_the_cache(server, places, tmp_path):
    wanted = playbook(f"{server.url}/site.yml")
    server.files["/site.yml"] = b"text"
    bring(places, wanted)
    server.files.clear()
    other = Places(tmp_path / "other", places.cache)
    assert bring(other, wanted) == [wanted.place]
    assert (other.directory / wanted.place).read_bytes() == b"text"


def test_a_deployment_needs_no_cache_once_it_has_all(server, places):
    wanted = playbook(f"{server.url}/site.yml")
    server.files["/site.yml"] = b"text"
    bring(places, wanted)
    (places.cache / wanted.cached).unlink()
    server.files.clear()
    assert bring(places, wanted) == []


def test_all_that_cannot_be_had_is_told_with_its_place_which_then_helps(server, places):
    wanted = [playbook(f"{server.url}/{name}.yml?token=secret") for name in ("a", "b")]
    told = said(places, *wanted)
    assert len(told) == 2
    for artifact, text in zip(wanted, told, strict=True):
        put = places.cache / artifact.cached
        assert text.endswith(f"Or put the file at {put} and run this again.")
        assert "that 'web' needs cannot be had" in text
        assert "404" in text
        assert "secret" not in text
        put.parent.mkdir(parents=True, exist_ok=True)
        put.write_bytes(b"by hand")
    assert bring(places, *wanted) == [artifact.place for artifact in wanted]


def test_what_was_had_before_a_failure_is_kept(server, places):
    good, bad = playbook(f"{server.url}/good.yml"), playbook(f"{server.url}/bad.yml")
    server.files["/good.yml"] = b"text"
    said(places, bad, good)
    server.files.clear()
    assert bring(places, good) == []


def test_a_playbook_has_a_largest_size(server, places, monkeypatch):
    monkeypatch.setattr(fetch, "MAX_PLAYBOOK", 10)
    server.files["/a.yml"] = b"x" * 11
    assert "larger than" in said(places, playbook(f"{server.url}/a.yml"))[0]
    assert files(places.cache) == set()


def test_a_pinned_file_that_was_changed_is_refused(server, places):
    wanted = playbook(f"{server.url}/a.yml")
    server.files["/a.yml"] = b"text"
    bring(places, wanted)
    (places.directory / wanted.place).write_bytes(b"changed")
    assert "it was changed" in said(places, wanted)[0]
    (places.directory / wanted.place).unlink()
    assert bring(places, wanted) == [wanted.place]
    assert (places.directory / wanted.place).read_bytes() == b"text"


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', '{"a": {"b": 1}}'])
def test_pins_that_cannot_be_read_are_told(places, text):
    places.directory.mkdir()
    (places.directory / pins.FILE).write_text(text)
    assert said(places, playbook("https://h/x"))[0].startswith(f"{places.directory / pins.FILE}: ")


def test_what_a_kill_left_half_is_not_taken(server, places):
    wanted = playbook(f"{server.url}/a.yml")
    server.files["/a.yml"] = b"whole"
    place = places.directory / wanted.place
    place.parent.mkdir(parents=True)
    place.write_bytes(b"ha")
    old = places.cache / ".draft-dead"
    old.mkdir(parents=True)
    os.utime(old, (1, 1))
    bring(places, wanted)
    assert place.read_bytes() == b"whole"
    assert not old.exists()
    assert not list(places.directory.rglob(".draft-*"))


def test_a_directory_that_cannot_be_written_is_told(places, server):
    server.files["/a.yml"] = b"text"
    places.cache.write_text("in the way")
    assert "cannot be kept" in said(places, playbook(f"{server.url}/a.yml"))[0]


def beside_(path: Path) -> Artifact:
    return Artifact(BESIDE, str(path), path.name, f"playbooks/_beside/{path.name}", needed_by=("web",))


def test_a_playbook_beside_the_template_comes_with_its_files(tmp_path, places):
    source = tmp_path / "source"
    for name in ("site.yml", "templates/a/x.j2", "more.yml", "unnamed.yml", "templates/.hidden", "other/x"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("- include_tasks: 'more.yml'")
    wanted = beside_(source / "site.yml")
    assert bring(places, wanted) == [wanted.place]
    top = places.directory / "playbooks/_beside"
    assert files(top) == {"site.yml", "templates/a/x.j2", "more.yml"}
    assert bring(places, wanted) == []
    (source / "templates/a/x.j2").write_text("new")
    assert bring(places, wanted) == [wanted.place]
    assert (top / "templates/a/x.j2").read_text() == "new"
    (source / "site.yml").unlink()
    assert bring(places, wanted) == []


def test_a_playbook_that_never_was_there_is_told(tmp_path, places):
    wanted = beside_(tmp_path / "site.yml")
    assert said(places, wanted) == [
        f"the playbook {tmp_path}/site.yml that 'web' needs is not there. Put it there, or correct the path."
    ]


def test_what_belongs_to_a_playbook_has_a_largest_size(tmp_path, places, monkeypatch):
    monkeypatch.setattr(beside, "MAX_FILES", 3)
    (tmp_path / "files").mkdir()
    for number in range(4):
        (tmp_path / "files" / str(number)).touch()
    (tmp_path / "site.yml").touch()
    assert "more than 3 files" in said(places, beside_(tmp_path / "site.yml"))[0]


def test_a_role_comes_from_its_repository_at_its_version(repository, places):
    url = repository("ansible-role-note", {"meta/main.yml": META, "tasks/main.yml": "[]"}, tag="v1")
    repository("ansible-role-note", {"tasks/main.yml": "[{debug: }]"})
    wanted = needs.role(f"git+{url},v1,note", "web")
    assert bring(places, wanted) == ["roles/note"]
    assert (places.directory / "roles/note/tasks/main.yml").read_text() == "[]"
    (places.directory / "roles/note/library").mkdir()
    assert bring(places, wanted) == []
    latest = needs.role(f"git+{url}|note", "web")
    assert bring(places, latest) == ["roles/note"]
    assert (places.directory / "roles/note/tasks/main.yml").read_text() == "[{debug: }]"


def test_a_role_comes_with_the_roles_that_it_needs(repository, places):
    inner = repository("inner", {"meta/main.yml": META, "tasks/main.yml": "[]"})
    asks = f"{META}dependencies: [{{src: '{inner}', scm: git, name: deep.inner}}]\n"
    outer = repository("outer", {"meta/main.yml": asks, "tasks/main.yml": "[]"})
    wanted = needs.role(f"git+{outer}", "web")
    assert bring(places, wanted) == ["roles/outer", "roles/deep.inner"]
    assert bring(places, wanted) == []


def test_a_role_that_is_not_there_is_told_with_the_place_for_it(tmp_path, places):
    wanted = needs.role(f"git+{(tmp_path / 'absent').as_uri()},v1", "web")
    (told,) = said(places, wanted)
    put = places.cache / wanted.cached
    assert "ansible-galaxy says: " in told
    assert told.endswith(f"Or put the directory at {put} and run this again.")
    assert files(places.cache) == set()
    (put / "tasks").mkdir(parents=True)
    (put / "tasks/main.yml").write_text("[]")
    assert bring(places, wanted) == ["roles/absent"]


def test_ansible_galaxy_has_a_time(places, repository, monkeypatch):
    url = repository("slow", {"meta/main.yml": META})
    monkeypatch.setenv("GIT_SSH_COMMAND", "sleep 60; true")
    wanted = needs.role(f"git+ssh://nowhere.invalid{url.removeprefix('file://')}", "web")
    places.cache.mkdir()
    started = time.monotonic()
    with pytest.raises(PaasError, match="did not end within 3 seconds"):
        galaxy.install(wanted, places.cache, seconds=3)
    assert time.monotonic() - started < 20


def test_a_collection_comes_from_its_repository(repository, places):
    galaxy_yml = "namespace: my\nname: tools\nversion: 1.2.3\nreadme: README.md\nauthors: [x]\n"
    url = repository("tools", {"galaxy.yml": galaxy_yml, "README.md": "x", "meta/runtime.yml": "{}"})
    wanted = needs.collection(f"git+{url},,my.tools", "web")
    assert bring(places, wanted) == ["collections/ansible_collections/my/tools"]
    assert fetch.version_of(places.directory / wanted.place) == "1.2.3"


def test_a_collection_that_ansible_has_already_is_not_fetched(tmp_path, places):
    (tmp_path / "MANIFEST.json").write_text('{"collection_info": {"version": "1.0.0"}}')
    for wanted in ("my.tools", "my.tools,1.0.0"):
        assert bring(places, needs.collection(wanted, "web"), find=lambda name: tmp_path) == []
    assert files(places.directory) == set()
