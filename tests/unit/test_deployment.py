# SPDX-License-Identifier: Apache-2.0
"""What a deployment is asked to be, on disk."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from indigo_paas.errors import IndigoError
from indigo_paas.ground.paths import DeploymentFiles
from indigo_paas.templates import kept_request
from indigo_paas.templates.kept_request import Request
from indigo_paas.templates.source import Template

TEXT = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=5,
)


@pytest.fixture
def files(tmp_path):
    return DeploymentFiles(tmp_path)


def test_what_is_written_is_read(files):
    request = Request("pool", "template/x/t.yaml", {"a": "{{ b }}"}, "local", {"wn": 0}, {"wn": ["wn-1"]}, True, True)
    kept_request.write(files, request)
    assert kept_request.read(files) == request
    assert files.source.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(files.source.read_text())["plugin"] == "indigo.paas.deployment"


@given(inputs=st.dictionaries(TEXT, VALUES))
def test_any_inputs_survive(tmp_path_factory, inputs):
    files = DeploymentFiles(tmp_path_factory.mktemp("d"))
    kept_request.write(files, Request("pool", "template/x/t.yaml", inputs))
    assert kept_request.read(files).inputs == inputs


def test_how_sites_are_tried_is_kept(files):
    request = Request(
        "pool", "template/x/t.yaml", candidates=["a", "b"], keep_last_attempt=False, provider_timeout=0.5, spread=True
    )
    kept_request.write(files, request)
    assert kept_request.read(files) == request
    assert "may_move" not in files.source.read_text()


def test_what_cannot_be_read_says_so(files):
    with pytest.raises(IndigoError, match=r"cluster\.indigo\.yml"):
        kept_request.read(files)
    files.source.write_text("- a list")
    with pytest.raises(IndigoError, match=r"cluster\.indigo\.yml"):
        kept_request.read(files)


def copy_of(path):
    return Template(str(path)).copy()


@pytest.fixture
def template(tmp_path):
    """A template that imports a file beside it, which imports one above it."""
    place = tmp_path / "original"
    (place / "site" / "types").mkdir(parents=True)
    (place / "site" / "pool.yaml").write_text("imports: [types/a.yaml]\n")
    (place / "site" / "types" / "a.yaml").write_text("imports: [../../common.yaml]\n")
    (place / "common.yaml").write_text("node_types: {}\n")
    return place / "site" / "pool.yaml"


def test_a_template_is_kept_with_its_imports(files, template):
    kept = files.root / kept_request.keep_template(files, copy_of(template))
    assert kept.read_text() == template.read_text()
    assert (kept.parent / "types" / "a.yaml").read_text() == "imports: [../../common.yaml]\n"
    assert (kept.parent.parent / "common.yaml").read_text() == "node_types: {}\n"


def test_a_copy_holds_files_above_the_working_directory(files, template, monkeypatch):
    monkeypatch.chdir(template.parent)
    copy = copy_of("pool.yaml")
    assert {str(path) for path in copy.files} == {"site/pool.yaml", "site/types/a.yaml", "common.yaml"}
    assert copy == copy_of(template)


def test_contents_tell_templates_apart(files, template):
    kept = kept_request.keep_template(files, copy_of(template))
    request = Request("pool", kept)
    digest = copy_of(template).digest()
    assert digest == kept_request.kept_digest(request)
    assert copy_of(files.root / kept).digest() == digest
    (template.parent / "types" / "a.yaml").write_text("imports: [../../common.yaml] # changed\n")
    assert copy_of(template).digest() != digest
    kept_request.keep_template(files, copy_of(template))
    kept_request.drop_old_templates(files, request)
    assert [place.name for place in files.template.iterdir()] == [digest]


def test_a_template_is_kept_with_its_playbooks_and_what_these_need(files, tmp_path):
    source = tmp_path / "source"
    for name in ("types/types.yaml", "books/a.yml", "books/templates/x.j2", "books/b.yml", "own.yml", "unused.yml"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("[]")
    (source / "types" / "types.yaml").write_text("node_types: {T: {implementation: ../own.yml}}")
    template = source / "t.yaml"
    template.write_text(
        "imports: [types/types.yaml]\n"
        "a: {primary: books/a.yml, b: [books/b.yml, /etc/passwd, absent.yml]}\n"
        f'c: {"x" * 5000}.yml\nd: "\\0.yml"\n'
    )
    kept = copy_of(template)
    needed = {path.as_posix() for path in kept.files}
    assert needed == {"t.yaml", "types/types.yaml", "books/a.yml", "books/templates/x.j2", "books/b.yml", "own.yml"}
    place = files.root / kept_request.keep_template(files, kept)
    assert (place.parent / "books/templates/x.j2").read_text() == "[]"
    (source / "books/templates/x.j2").write_text("new")
    assert copy_of(template).digest() != kept.digest()
