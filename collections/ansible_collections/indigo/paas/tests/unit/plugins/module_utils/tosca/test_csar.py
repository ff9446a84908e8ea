# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import csar, load
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import MAX_BYTES

TEMPLATE = """tosca_definitions_version: tosca_simple_yaml_1_3
imports: [types/own.yaml]
topology_template: {node_templates: {a: {type: my.Machine}}}
"""
TYPES = "imports: [more.yaml]\n"
MORE = "node_types: {my.Machine: {derived_from: tosca.nodes.indigo.Compute}}\n"
FILES = {"service.yaml": TEMPLATE, "types/own.yaml": TYPES, "types/more.yaml": MORE}
META = "TOSCA-Meta-File-Version: 1.1\nCSAR-Version: 1.1\nCreated-By: me\nEntry-Definitions: Definitions/service.yaml\n"


def archive(files: Mapping[str, str | bytes], **options: Any) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for key, value in options.items():
                setattr(info, key, value)
            target.writestr(info, text)
    return stream.getvalue()


def refused(data: bytes) -> str:
    with pytest.raises(TemplateError) as caught:
        load(data, name="app.csar")
    (problem,) = caught.value.problems
    assert problem.hint
    assert (problem.file or "").startswith("app.csar")
    return problem.message


@pytest.mark.parametrize("suffix", [".csar", ".zip", ""])
def test_an_archive_is_a_template_by_what_is_in_it(tmp_path: Path, vocabulary: Any, suffix: str) -> None:
    file = tmp_path / f"app{suffix}"
    file.write_bytes(archive(FILES))
    assert load(file, vocabulary=vocabulary).nodes["a"].is_compute


def test_an_archive_with_a_meta_file(vocabulary: Any) -> None:
    files = {f"Definitions/{name}": text for name, text in FILES.items()}
    data = archive({"TOSCA-Metadata/TOSCA.meta": META, "scripts/x.sh": "#!/bin/sh", **files})
    topology = load(data, vocabulary=vocabulary, name="app.csar")
    assert topology.nodes["a"].is_compute
    assert topology.file == "app.csar/Definitions/service.yaml"


def test_problems_name_the_file_in_the_archive(vocabulary: Any) -> None:
    with pytest.raises(TemplateError) as caught:
        load(
            archive({**FILES, "types/more.yaml": "node_types: {my.Machine: {derived_from: nothing}}\n"}),
            name="app.csar",
        )
    assert "app.csar/types/more.yaml:1:41: 'my.Machine' is derived from" in str(caught.value)


@pytest.mark.parametrize("target", ["../../etc/passwd", "/etc/passwd", "types/absent.yaml", "../service.yaml/x"])
def test_imports_stay_in_the_archive(target: str) -> None:
    with pytest.raises(TemplateError, match="import not found"):
        load(archive({"service.yaml": TEMPLATE.replace("types/own.yaml", target)}), name="app.csar")


@pytest.mark.parametrize(
    "name", ["../service.yaml", "/service.yaml", "a/../../service.yaml", "C:/x.yaml", "a\\..\\b.yaml"]
)
def test_members_that_point_out_of_the_archive(name: str) -> None:
    assert "points out of the archive" in refused(archive({**FILES, name: ""}))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "this is no ZIP archive"),
        ({"readme.md": "x"}, "no YAML file at its top"),
        ({"a.yaml": "x", "b.yml": "x"}, "2 YAML files at its top"),
        ({"TOSCA.meta": "A: b\n", "a.yaml": "x"}, "'TOSCA.meta' does not name the template"),
        (
            {"TOSCA.meta": "Entry-Definitions: ../x.yaml\n"},
            "'TOSCA.meta' names '../x.yaml', which is not in the archive",
        ),
        ({f"f{n}": "" for n in range(csar.MAX_MEMBERS + 1)}, "more than 5000 files"),
        ({"a.yaml": b"x" * (MAX_BYTES + 1)}, "larger than 5 MB"),
    ],
)
def test_archives_without_a_template(files: Mapping[str, str | bytes], message: str) -> None:
    data = archive(files) if files else b"PK\x03\x04 and then nothing of the kind"
    assert message in refused(data)


def test_bombs_are_not_unpacked() -> None:
    large = {f"f{n}": b"\0" * (csar.MAX_UNPACKED // 10) for n in range(11)}
    data = archive({"a.yaml": "x", **large})
    assert len(data) < csar.MAX_UNPACKED / 500
    assert "larger than 200 MB" in refused(data)


def test_a_member_that_hides_its_size_is_read_within_bounds() -> None:
    data = bytearray(archive({"a.yaml": b"#" * (MAX_BYTES * 3)}))
    for header in (data.index(b"PK\x03\x04") + 22, data.rindex(b"PK\x01\x02") + 24):
        struct.pack_into("<I", data, header, 5)
    with pytest.raises(TemplateError):
        load(bytes(data), name="app.csar")


def test_links_passwords_and_twins_are_refused() -> None:
    assert "symbolic link" in refused(archive({"a.yaml": "b.yaml"}, external_attr=0o120777 << 16))
    data = bytearray(archive({"a.yaml": "x"}))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refused(bytes(data))
    assert "in the archive twice" in refused(archive({"a.yaml": "x", "./a.yaml": "y"}))


@pytest.mark.parametrize("names", [("f.txt", "f.txt/x"), ("a/b/c/d.txt", "a/b"), ("./f", "f/./x")])
def test_a_file_that_should_be_a_directory_is_refused(names: tuple[str, str]) -> None:
    message = refused(archive({**FILES, **dict.fromkeys(names, "x")}))
    upper, lower = sorted(str(PurePosixPath(name)) for name in names)
    assert message == f"'{upper}' is a file in the archive, and '{lower}' lies in it"


def test_a_member_without_a_name() -> None:
    nameless = bytearray(archive({"a": "x"}))
    struct.pack_into("<H", nameless, nameless.rindex(b"PK\x01\x02") + 28, 0)
    del nameless[nameless.rindex(b"PK\x01\x02") + 46]
    struct.pack_into("<I", nameless, nameless.rindex(b"PK\x05\x06") + 12, 46)
    assert "has no name" in refused(bytes(nameless))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(method: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as target:
        target.writestr("a.yaml", "x")
    assert "packed in a way that is not read here" in refused(stream.getvalue())


def test_too_large_an_archive() -> None:
    assert "larger than 50 MB" in refused(b"PK\x03\x04" + b"\0" * csar.MAX_ARCHIVE)


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6), st.integers(0, 2000))
def test_any_archive_is_read_or_refused(changes: list[tuple[int, int]], length: int) -> None:
    data = bytearray(archive(FILES))
    for position, value in changes:
        data[position % len(data)] = value
    with contextlib.suppress(TemplateError):
        load(b"PK\x03\x04" + bytes(data[4 : max(length, 4)]), name="app.csar")


RUNS = """tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  node_templates:
    server: {type: Compute}
    app:
      type: tosca.nodes.SoftwareComponent
      requirements: [host: server]
      interfaces: {Standard: {configure: IMPLEMENTATION}}
      artifacts: {book: {file: FILE}, image: {file: 'debian:13', type: tosca.artifacts.Deployment.Image}}
"""


def runs(implementation: str, file: str = "playbooks/book.yml") -> bytes:
    text = RUNS.replace("IMPLEMENTATION", implementation).replace("FILE", file)
    return archive({"TOSCA-Metadata/TOSCA.meta": META, "Definitions/service.yaml": text, "playbooks/a.yml": "[]"})


@pytest.mark.parametrize(
    "implementation", ["../playbooks/a.yml", "playbooks/a.yml", "https://example.org/a.yml", "my.own.role"]
)
def test_what_an_archive_implements_is_in_it_or_elsewhere(vocabulary: Any, implementation: str) -> None:
    assert load(runs(implementation), vocabulary=vocabulary).nodes["app"].operations


@pytest.mark.parametrize(
    ("implementation", "missing"),
    [("playbooks/b.yml", "playbooks/b.yml"), ("book", "playbooks/book.yml"), ("../../a.yml", "../../a.yml")],
)
def test_what_an_archive_implements_may_not_be_missing(implementation: str, missing: str) -> None:
    with pytest.raises(TemplateError) as caught:
        load(runs(implementation), name="app.csar")
    (problem,) = caught.value.problems
    assert problem.message == f"'{missing}', which implements 'configure' of 'app', is not in the archive"
    assert (problem.file, problem.line) == ("app.csar/Definitions/service.yaml", 8)
    assert problem.hint == "Add it, beside the file that names it or by its path from the top of the archive."


def test_an_archive_without_meta_file_says_in_its_template_what_it_is(vocabulary: Any) -> None:
    said = "metadata: {template_name: a, template_version: 1.0, template_author: me}\n"
    assert load(archive({**FILES, "service.yaml": TEMPLATE + said}), vocabulary=vocabulary).warnings == ()
    (warning,) = load(archive(FILES), vocabulary=vocabulary, name="app.csar").warnings
    assert warning.message == "the archive has no TOSCA.meta, and its template no template_name and template_version"
    assert (warning.file, warning.line) == ("app.csar/service.yaml", 1)
    with pytest.raises(TemplateError, match="the archive has no TOSCA.meta"):
        load(archive(FILES), vocabulary=vocabulary, strict=True)


AT = "https://example.org/a/service.yaml"
WEB = {
    AT: TEMPLATE.replace("types/own.yaml", "../types/own.yaml"),
    "https://example.org/types/own.yaml": "imports: ['https://other.example/raw?file=more', /root.yaml]\n",
    csar.url_name("https://other.example/raw?file=more"): MORE,
    "https://example.org/root.yaml": "description: nothing\n",
}


def test_an_archive_carries_what_a_template_imports_from_the_web(vocabulary: Any) -> None:
    data = csar.pack(AT, {url: text.encode() for url, text in WEB.items()})
    topology = load(data, name="kept.csar", vocabulary=vocabulary)
    assert topology.nodes["a"].is_compute
    assert topology.file == AT
    assert topology.nodes["a"].at.file == AT
    assert csar.pack(AT, {url: WEB[url].encode() for url in reversed(WEB)}) == data


def test_a_part_from_the_web_that_is_missing_is_told(vocabulary: Any) -> None:
    data = csar.pack(AT, {AT: WEB[AT].encode()})
    with pytest.raises(TemplateError, match="import not found: '../types/own.yaml'") as caught:
        load(data, name="kept.csar", vocabulary=vocabulary)
    assert (caught.value.problems[0].file, caught.value.problems[0].line) == (AT, 2)


def test_too_much_is_not_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csar, "MAX_UNPACKED", 100)
    with pytest.raises(TemplateError, match="larger than"):
        csar.pack(AT, {AT: b"x" * 101})


def test_names_of_urls_hold_no_secret() -> None:
    one, other = (csar.url_name(f"https://me:word@example.org/t.yaml?token={token}") for token in ("abc", "abd"))
    assert one.startswith("https://example.org/t.yaml#")
    assert one != other
    assert "abc" not in one + other
    assert csar.url_name("https://example.org/t.yaml") == "https://example.org/t.yaml"


@pytest.mark.parametrize("name", ["https%3A%2F%2Fx%0Ay", "https%3A%2F%2Fx y", "%1b[2J", "ftp%3A%2F%2Fx/y"])
def test_members_with_other_names_are_no_urls(name: str) -> None:
    data = archive({"a.yaml": "a: 1", f"urls/{name}": "x"})
    assert csar.Archive(data, "app.csar").file_name(f"urls/{name}") == f"app.csar/urls/{name}"
