# SPDX-License-Identifier: Apache-2.0
"""What a deployment is asked to be, on disk."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from indigo_paas import deployment
from indigo_paas.deployment import Request
from indigo_paas.errors import IndigoError
from indigo_paas.paths import DeploymentFiles

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
    request = Request("pool", "template/x/t.yaml", {"a": "{{ b }}"}, "local", {"wn": 0}, {"wn": ["wn-1"]})
    deployment.write(files, request)
    assert deployment.read(files) == request
    assert files.source.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(files.source.read_text())["plugin"] == "indigo.paas.deployment"


@given(inputs=st.dictionaries(TEXT, VALUES))
def test_any_inputs_survive(tmp_path_factory, inputs):
    files = DeploymentFiles(tmp_path_factory.mktemp("d"))
    deployment.write(files, Request("pool", "template/x/t.yaml", inputs))
    assert deployment.read(files).inputs == inputs


def test_what_cannot_be_read_says_so(files):
    with pytest.raises(IndigoError, match=r"cluster\.indigo\.yml"):
        deployment.read(files)
    files.source.write_text("- a list")
    with pytest.raises(IndigoError, match=r"cluster\.indigo\.yml"):
        deployment.read(files)


@pytest.fixture
def template(tmp_path):
    """A template that imports a file beside it and one above it."""
    place = tmp_path / "original"
    (place / "site" / "types").mkdir(parents=True)
    (place / "site" / "pool.yaml").write_text("pool")
    (place / "site" / "types" / "a.yaml").write_text("a")
    (place / "common.yaml").write_text("common")
    return place / "site" / "pool.yaml"


def test_a_template_is_kept_with_its_imports(files, template):
    imports = [template.parent / "types" / "a.yaml", template.parent.parent / "common.yaml"]
    kept = files.root / deployment.keep_template(files, template, imports)
    assert kept.read_text() == "pool"
    assert (kept.parent / "types" / "a.yaml").read_text() == "a"
    assert (kept.parent.parent / "common.yaml").read_text() == "common"


def test_contents_tell_templates_apart(files, template):
    imports = [template.parent / "types" / "a.yaml"]
    kept = deployment.keep_template(files, template, imports)
    request = Request("pool", kept)
    assert deployment.digest(template, imports) == deployment.kept_digest(request)
    copy = files.root / kept
    assert deployment.digest(copy, [copy.parent / "types" / "a.yaml"]) == deployment.kept_digest(request)
    imports[0].write_text("other")
    assert deployment.digest(template, imports) != deployment.kept_digest(request)
    deployment.keep_template(files, template, imports)
    deployment.drop_old_templates(files, request)
    assert [place.name for place in files.template.iterdir()] == [deployment.kept_digest(request)]
