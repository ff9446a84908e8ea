# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import document
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import (
    key_place,
    parse,
    place,
    read,
    value_place,
)


def refused(text: str | bytes) -> str:
    with pytest.raises(TemplateError) as caught:
        parse(text, "t.yaml")
    return str(caught.value)


def test_every_key_and_value_knows_its_place() -> None:
    data = parse("a: 1\nb:\n  c: [x, yy]\n", "t.yaml")
    assert key_place(data, "b") == ("t.yaml", 2, 1)
    assert value_place(data, "a") == ("t.yaml", 1, 4)
    assert place(data["b"]) == ("t.yaml", 3, 3)
    assert value_place(data["b"]["c"], 1) == ("t.yaml", 3, 10)
    assert value_place(data["b"]["c"], 9) == place(data["b"]["c"])
    assert value_place({"no": "file"}, "no") == (None, None, None)


def test_keys_are_text_as_written() -> None:
    assert parse("on: 1\n16.10: 2\n1: 3\n~: 4\n", "t") == {"on": 1, "16.10": 2, "1": 3, "~": 4}


def test_aliases_and_merges() -> None:
    data = parse("a: &a {x: 1, y: 2}\nb: *a\nc:\n  <<: *a\n  y: 3\nd:\n  <<: [*a, {z: 4}]\n", "t")
    assert data["b"] == {"x": 1, "y": 2}
    assert data["c"] == {"x": 1, "y": 3}
    assert data["d"] == {"x": 1, "y": 2, "z": 4}
    assert key_place(data["c"], "x").line == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "t.yaml:2:1: the key 'a' is here for the second time, the first is in line 1"),
        ("", "t.yaml: the file is empty"),
        ("# only a comment\n", "t.yaml: the file is empty"),
        ("---\n", "t.yaml: the file is empty"),
        ("a: [1\nb: 2\n", "t.yaml:2:"),
        ("a: 1\n\tb: 2\n", "t.yaml:2:1: YAML syntax error"),
        ("a: *nowhere\n", "t.yaml:1:4: the alias '*nowhere' points to no anchor"),
        ("a: &a [*a]\n", "t.yaml:1:8: the alias '*a'"),
        (
            "a: !!python/object/apply:os.system [id]\n",
            "t.yaml:1:4: the YAML tag '!!python/object/apply:os.system'",
        ),
        ("a: !vault x\n", "t.yaml:1:4: the YAML tag '!vault'"),
        ("a: !!int x\n", "t.yaml:1:4: 'x' is not of the YAML type 'int'"),
        ("a: 1\n---\nb: 2\n", "t.yaml:2:1: a second YAML document"),
        ("? [a]\n: 1\n", "t.yaml:1:3: a key must be plain text"),
        ("a: " + "[" * 60, "t.yaml:1:53: nested deeper than 50 levels"),
        ("a: \x00\n", "this is not YAML"),
        (b"a: 1\nb: \xff\n", "t.yaml:2:4: this is not UTF-8 text"),
        ("a: '" + "x" * 5_000_000 + "'", "t.yaml: larger than 5 MB"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_refused_with_place_and_reason(text: str | bytes, message: str) -> None:
    assert message in refused(text)


def test_all_duplicates_at_once() -> None:
    assert len(refused("a: 1\na: 2\nb: {c: 1, c: 2}\n").splitlines()) == 2


@pytest.mark.parametrize("opening", ["[*x", "{k: *x"])
def test_alias_bomb_is_refused_at_once(opening: str) -> None:
    lines = ["x0: &x0 [" + ", ".join(["lol"] * 10) + "]"]
    lines += [f"x{n}: &x{n} [" + ", ".join([f"*x{n - 1}"] * 10) + "]" for n in range(1, 30)]
    started = time.perf_counter()
    assert "aliases of this file" in refused("\n".join(lines))
    assert time.perf_counter() - started < 1


def test_depth_through_aliases_counts() -> None:
    lines = ["x0: &x0 [a]"] + [f"x{n}: &x{n} [*x{n - 1}]" for n in range(1, 80)]
    assert "nested deeper" in refused("\n".join(lines))


def test_text_may_begin_with_a_byte_order_mark() -> None:
    assert parse(b"\xef\xbb\xbfa: 1\n", "t") == {"a": 1}
    assert parse("\ufeffa: 1\n", "t") == {"a": 1}


def test_large_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    with file.open("wb") as stream:
        stream.truncate(50_000_000_000)
    with pytest.raises(TemplateError, match="larger than 5 MB"):
        read(file)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    cases = {
        tmp_path / "absent.yaml": "no such file",
        tmp_path: "is a directory",
        tmp_path / "pipe": "no regular file|not a regular file",
        Path("/proc/self/mem"): "cannot read|empty",
        tmp_path / ("x" * 5000): "cannot read",
    }
    for path, message in cases.items():
        with pytest.raises(TemplateError, match=message):
            read(path)
    with pytest.raises(TemplateError, match="cannot read"):
        read("nul\0byte")


def test_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret.yaml"
    file.write_text("a: 1\n")

    def deny(*_arguments: object) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    # Tests may run as root, whom no file mode stops.
    monkeypatch.setattr("builtins.open", deny)
    with pytest.raises(TemplateError, match="cannot read this file: Permission denied"):
        read(file)


def test_without_pyyaml_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "yaml", None)
    assert "pip install PyYAML" in refused("a: 1")


def test_pure_python_yaml_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &a {x: [1, 16.10, yes]}\nb: *a\nc: 'q'\n"
    fast = parse(text, "t")
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    slow = parse(text, "t")
    assert slow == fast
    assert slow["a"]["x"].marks == fast["a"]["x"].marks


DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

plain_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcxyz -", min_size=1), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abcxyz", min_size=1), plain_data, min_size=1))
def test_reads_back_what_pyyaml_writes(data: dict) -> None:
    assert parse(yaml.dump(data, Dumper=DUMPER, allow_unicode=True), "t") == data


@given(st.text() | st.binary())
def test_any_text_is_data_or_a_template_error(text: str | bytes) -> None:
    with contextlib.suppress(TemplateError):
        parse(text, "t.yaml")


def test_only_a_plain_key_merges() -> None:
    assert parse("a: &a {x: 1}\nb: {<<: *a}\n", "f")["b"] == {"x": 1}
    assert parse("a: &a {x: 1}\nb: {'<<': *a}\n", "f")["b"] == {"<<": {"x": 1}}
