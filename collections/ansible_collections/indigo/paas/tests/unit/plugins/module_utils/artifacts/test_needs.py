# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import needs
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError


def plan(*operations, defined_in="/templates/t.yaml"):
    """Return a plan with one external stage for each (component, playbook, roles, collections)."""
    components, stages = [], []
    for number, (name, playbook, roles, collections) in enumerate(operations):
        external = {"playbook": playbook, "defined_in": defined_in, "galaxy_roles": roles, "collections": collections}
        operation = {"operation": "configure", "external": external, "arguments": {"a": 1}}
        components.append({"name": name, "operations": [{"operation": "create", "role": "a.b.c"}, operation]})
        stages.append({"name": f"configure-{number}", "role": None, "external": True, "operation": 1})
        stages[-1]["components"] = [name]
    return {"components": components, "stages": [{"name": "c", "role": "a.b.c", "components": []}, *stages]}


@pytest.mark.parametrize(
    ("file", "source", "version", "name", "git"),
    [
        ("indigo-dc.mesos", "indigo-dc.mesos", None, "indigo-dc.mesos", False),
        ("indigo-dc.mesos,v1.0.0-rc3", "indigo-dc.mesos", "v1.0.0-rc3", "indigo-dc.mesos", False),
        ("git+https://h/a/role-x.git", "https://h/a/role-x.git", None, "role-x", True),
        ("git+https://h/a/x,main", "https://h/a/x", "main", "x", True),
        ("git+https://h/a/x,main,y.z", "https://h/a/x", "main", "y.z", True),
        ("git+https://h/a/x|y.z", "https://h/a/x", None, "y.z", True),
        ("https://h/a/x.tar.gz", "https://h/a/x.tar.gz", None, "x", False),
        ("https://h/a/x.git", "https://h/a/x.git", None, "x", True),
        ("git+ssh://git@h/a/x", "ssh://git@h/a/x", None, "x", True),
    ],
)
def test_roles(file, source, version, name, git):
    role = needs.role(file, "node")
    assert (role.source, role.version, role.name, role.git) == (source, version, name, git)
    assert role.place == f"roles/{name}"


@pytest.mark.parametrize("file", ["a.b", "a.b,1.2.0", "a.b:1.2.0", "git+https://h/x,v1,a.b"])
def test_collections(file):
    collection = needs.collection(file, "node")
    assert collection.name == "a.b"
    assert collection.place == "collections/ansible_collections/a/b"
    assert (collection.version is None) == (file == "a.b")


@pytest.mark.parametrize(
    "file",
    [
        "-r/etc/passwd",
        "--force",
        "a.b,-x",
        "a.b,1..2",
        "a.b,1,../x",
        "a.b,1,-x",
        "../../x",
        "/etc/x",
        "a b",
        "a\nb",
        "a\0b",
        "x" * 200,
        "",
        "git+-oProxyCommand=x",
        "git+ext::sh -c x",
        "ext::sh",
        "git+x.y",
        "git+https://h/..",
        "git+https:///x",
        "file:///etc/passwd",
        "ssh://h/x",
        "git+https://h/a b",
        "{{ lookup('pipe', 'x') }}",
    ],
)
def test_what_is_no_role_is_refused(file):
    with pytest.raises(PaasError, match="refused") as caught:
        needs.role(file, "node")
    assert "'node' needs" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("file", ["a", "a.b.c", "-x.y", "a.b,-1", "a.b,1 2", "../a.b", "git+https://h/x"])
def test_what_is_no_collection_is_refused(file):
    with pytest.raises(PaasError, match="refused"):
        needs.collection(file, "node")


@given(st.text())
def test_any_text_is_a_role_or_refused(text):
    try:
        role = needs.role(text, "node")
    except PaasError:
        return
    assert not role.source.startswith("-")
    assert not (role.version or "").startswith("-")
    assert role.source.isprintable()


def test_passwords_are_not_shown():
    assert "secret" not in str(needs.role("git+https://user:secret@h/x", "node"))
    with pytest.raises(PaasError) as caught:
        needs.role("https://user:secret@h/-a?token=secret", "node\n")
    assert "secret" not in str(caught.value)


def test_a_playbook_is_a_url_a_path_or_beside_a_url():
    (run,) = needs.runs_of(plan(("db", "https://h/x.yml", [], [])))
    assert (run.stage, run.playbook.kind, run.playbook.source) == ("configure-0", needs.PLAYBOOK, "https://h/x.yml")
    assert run.variables == ("a",)
    (run,) = needs.runs_of(plan(("db", "sub/x.yml", [], [])))
    assert (run.playbook.kind, run.playbook.source) == (needs.BESIDE, "/templates/sub/x.yml")
    (run,) = needs.runs_of(plan(("db", "sub/x.yml", [], []), defined_in="https://h/t/t.yaml"))
    assert (run.playbook.kind, run.playbook.source) == (needs.PLAYBOOK, "https://h/t/sub/x.yml")


def test_each_is_had_once_and_knows_who_needs_it():
    runs = needs.runs_of(plan(("one", "x.yml", ["r.a"], ["c.d"]), ("two", "x.yml", ["r.a"], [])))
    found = {artifact.place: artifact.needed_by for artifact in needs.artifacts_of(runs)}
    assert found == {
        "playbooks/_beside/x.yml": ("one", "two"),
        "roles/r.a": ("one", "two"),
        "collections/ansible_collections/c/d": ("one",),
    }


def test_absolute_and_relative_paths_do_not_meet():
    runs = needs.runs_of(plan(("one", "etc/x.yml", [], []), ("two", "/etc/x.yml", [], [])))
    assert [artifact.source for artifact in needs.artifacts_of(runs)] == ["/templates/etc/x.yml", "/etc/x.yml"]


def test_paths_that_would_lie_in_one_place_are_refused():
    runs = needs.runs_of(plan(("one", "../x.yml", [], []), ("two", "_up/x.yml", [], [])))
    with pytest.raises(PaasError, match="have the same name"):
        needs.artifacts_of(runs)


def test_two_versions_of_one_role_are_refused():
    runs = needs.runs_of(plan(("one", "x.yml", ["r.a,1"], []), ("two", "x.yml", ["r.a,2"], [])))
    with pytest.raises(PaasError, match=r"r\.a \(1\) that 'one' needs and the role r\.a \(2\) that 'two' needs"):
        needs.artifacts_of(runs)


def test_all_that_is_refused_is_told_at_once():
    with pytest.raises(PaasError) as caught:
        needs.runs_of(plan(("one", "x.yml", ["-a"], []), ("two", "https:///x.yml", [], [])))
    assert len(caught.value.problems) == 2
