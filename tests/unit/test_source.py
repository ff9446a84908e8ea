# SPDX-License-Identifier: Apache-2.0
"""Templates from a path, an archive, standard input and a URL: one way to plan, name and keep them all."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from indigo_paas.errors import BadInput
from indigo_paas.templates import collection
from indigo_paas.templates.kept_request import Copy
from indigo_paas.templates.source import Template
from tests.servers import serving

HEAD = "tosca_definitions_version: tosca_simple_yaml_1_3\n"
TEMPLATE = (
    HEAD
    + """\
imports: [types/own.yaml]
topology_template:
  inputs:
    size: {type: integer, default: 1}
  node_templates:
    server: {type: my.Server}
"""
)
OWN = "imports: [/more.yaml]\n"
MORE = "node_types: {my.Server: {derived_from: tosca.nodes.indigo.Compute}}\n"
PLAIN = TEMPLATE.replace("imports: [types/own.yaml]\n", "").replace("my.Server", "tosca.nodes.indigo.Compute")
FILES: dict[str, bytes] = {
    "/site/pool.yaml": TEMPLATE.encode(),
    "/site/types/own.yaml": OWN.encode(),
    "/more.yaml": MORE.encode(),
    "/plain%20one.yaml": PLAIN.encode(),
    "/broken.yaml": TEMPLATE.replace("own", "absent").encode() + b"  outputs: {x: {}}\n",
}


LOCAL = {"pool.yaml": TEMPLATE, "types/own.yaml": "imports: [more.yaml]\n", "types/more.yaml": MORE}


def archive(files: Mapping[str, str] = LOCAL) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name, text in files.items():
            target.writestr(zipfile.ZipInfo(name), text)
    return stream.getvalue()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving({**FILES, "/pool.csar": archive()}) as url:
        yield url


@pytest.fixture
def given(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Template]:
    """Return the template of each kind."""
    (tmp_path / "types").mkdir()
    for name, text in LOCAL.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "pool.zip").write_bytes(archive())

    def make(kind: str) -> Template:
        if kind == "stdin":
            stdin(monkeypatch, PLAIN.encode())
        return Template(
            {
                "file": str(tmp_path / "pool.yaml"),
                "archive": str(tmp_path / "pool.zip"),
                "stdin": "-",
                "url": f"{server}/site/pool.yaml?token=abcdef",
                "archive at a url": f"{server}/pool.csar",
            }[kind]
        )

    return make


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    class Once(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert not self.tell(), "standard input is read twice"
            return super().read(size)

    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": Once(data)}))


KINDS = ("file", "archive", "stdin", "url", "archive at a url")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_planned_and_described(given: Callable[[str], Template], kind: str) -> None:
    template = given(kind)
    for _time in range(2):
        assert [group["name"] for group in collection.plan_template(template, {})["groups"]] == ["server"]
    assert collection.declared_inputs(template) == {"size"}
    assert [asked["variable"] for asked in collection.survey(template, "pool")["spec"]][-1] == "paas_input_size"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_needs_nothing_else(
    given: Callable[[str], Template], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = given(kind)
    plan = collection.plan_template(template, {})
    copy = template.copy()
    kept = written(copy, tmp_path / "kept")
    monkeypatch.setattr("indigo_paas.templates.collection.read_url", None)
    monkeypatch.setattr(sys, "stdin", None)
    for name in (*LOCAL, "pool.zip"):
        (tmp_path / name).unlink()
    again = Template(str(kept))
    assert collection.plan_template(again, {})["groups"] == plan["groups"]
    assert again.copy().digest() == copy.digest()


def written(copy: Copy, place: Path) -> Path:
    for where, data in copy.files.items():
        (place / where).parent.mkdir(parents=True, exist_ok=True)
        (place / where).write_bytes(data)
    return place / copy.main


def test_an_archive_is_kept_as_it_is(given: Callable[[str], Template]) -> None:
    assert list(given("archive").copy().files.values()) == [archive()]
    assert given("archive at a url").copy().files == {Path("pool.csar"): archive()}


def test_standard_input_is_kept_as_a_file(given: Callable[[str], Template]) -> None:
    assert given("stdin").copy().files == {Path("template.yaml"): PLAIN.encode()}


@pytest.mark.parametrize(
    ("written", "name", "title", "deployment"),
    [
        ("dir/My Pool.yaml", "dir/My Pool.yaml", "My Pool.yaml", "my-pool"),
        ("https://u:p@x.org/a/Pool%202.yaml", "https://x.org/a/Pool%202.yaml", "Pool 2.yaml", "pool-2"),
        ("https://x.org/", "https://x.org/", "", "deployment"),
    ],
)
def test_names(written: str, name: str, title: str, deployment: str) -> None:
    template = Template(written)
    assert (template.name, template.title, template.deployment_name()) == (name, title, deployment)


def test_standard_input_names_no_deployment() -> None:
    assert (Template("-").name, Template("-").title) == ("<stdin>", "standard input")
    with pytest.raises(BadInput, match="--name"):
        Template("-").deployment_name()


def test_an_import_that_is_not_there_is_told_with_the_rest(server: str) -> None:
    template = Template(f"{server}/broken.yaml?token=abcdef")
    with pytest.raises(BadInput) as caught:
        collection.plan_template(template, {})
    told = str(caught.value)
    assert "/types/absent.yaml: the server answers 404" in told
    assert "the output 'x' has no value" in told
    assert "abcdef" not in told


def test_a_template_at_a_url_may_have_any_name(server: str) -> None:
    copy = Template(f"{server}/plain%20one.yaml").copy()
    assert list(copy.files) == [Path("plain_one.yaml")]


def test_standard_input_cannot_import_files(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, TEMPLATE.encode())
    with pytest.raises(BadInput, match="<stdin>:2:11: import not found: 'types/own.yaml'"):
        collection.plan_template(Template("-"), {})


BAD = PLAIN.replace("integer, default: 1", "integer, default: many")


def problems(template: Template, inputs: dict[str, Any] | None = None) -> list[Any]:
    with pytest.raises(BadInput) as caught:
        collection.plan_template(template, inputs or {})
    return list(caught.value.problems)


@pytest.mark.parametrize("kind", KINDS)
def test_problems_are_shown_in_their_line(
    given: Callable[[str], Template], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = given(kind)
    data = BAD.encode()
    if kind.startswith("archive"):
        data = archive({"pool.yaml": BAD})
    if template.path:
        template.path.write_bytes(data)
    stdin(monkeypatch, data)
    monkeypatch.setattr("indigo_paas.templates.collection.read_url", lambda _url: data)
    found = [problem for problem in problems(template) if "many" in problem.text]
    (problem,) = found
    line, caret = problem.excerpt.splitlines()
    assert "size: {type: integer, default: many}" in line
    assert caret.rstrip().endswith("^^^^")
    assert line[caret.index("^") :].startswith("many")
    place = problem.to_dict()
    assert place["end_column"] - place["column"] == 4
    assert place["line"] == 4
    assert place["severity"] == "error"
    assert "excerpt" not in place


SECRETS = """\
    admin_password: {type: string, default: correct-horse, constraints: [max_length: 3]}
    small: {type: string, default: long enough, constraints: [max_length: 3]}
"""


@pytest.mark.parametrize("given_too", [True, False])
def test_no_line_with_a_secret_is_shown(tmp_path: Path, given_too: bool) -> None:
    file = tmp_path / "pool.yaml"
    file.write_text(PLAIN.replace("    size:", f"{SECRETS}    size:"))
    inputs = {"admin_password": "battery-staple"} if given_too else {}
    found = problems(Template(str(file)), inputs)
    assert [problem.excerpt for problem in found if "small" in problem.text][0]
    shown = "\n".join(problem.shown for problem in found)
    assert "correct-horse" not in shown
    assert "battery-staple" not in shown
    assert not [problem.excerpt for problem in found if "admin_password" in problem.text][0]


@pytest.mark.parametrize("strict", [True, False])
def test_strict_and_trust_are_told_to_the_loader(tmp_path: Path, strict: bool) -> None:
    file = tmp_path / "pool.yaml"
    file.write_text(PLAIN.replace("Compute}", "Compute, properties: {instance_name: '{{ x }}', stray: 1}}"))
    if strict:
        found = problems(Template(str(file), strict=True))
        assert any("Jinja" in problem.text for problem in found)
        return
    plan = collection.plan_template(Template(str(file)), {})
    warnings = collection.warnings(plan, Template(str(file)), {})
    assert any("Jinja" in warning.text and warning.excerpt for warning in warnings)
    assert {warning.to_dict()["severity"] for warning in warnings} == {"warning"}
    trusted = collection.plan_template(Template(str(file), trust=True), {})
    assert not any("Jinja" in warning["message"] for warning in trusted["warnings"])
