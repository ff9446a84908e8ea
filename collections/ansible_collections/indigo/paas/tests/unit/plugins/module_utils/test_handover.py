# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is handed over arrives as it was, holds no Jinja on the way, and writes nowhere else."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError
from ansible_collections.indigo.paas.plugins.module_utils.handover import Handover, pack, unpack, write

NAMES = st.from_regex(r"paas_[a-z_]{1,8}", fullmatch=True)
VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())
PATHS = st.from_regex(r"[a-z]{1,4}(/[a-z]{1,4}\.yaml){0,2}", fullmatch=True)


@given(st.dictionaries(NAMES, VALUES), st.dictionaries(PATHS, st.binary()))
def test_what_arrives_is_what_was_handed_over(variables: dict[str, object], files: dict[str, bytes]) -> None:
    text = pack(Handover(variables, files))
    assert text.isascii()
    assert not set("{}%#") & set(text)
    assert unpack(text) == Handover(variables, files)


def test_the_template_is_written_for_its_owner_only(tmp_path) -> None:
    files = {"a/main.yaml": b"\xff{{ x }}", "types/b.yaml": b""}
    template = write(unpack(pack(Handover({}, files, "a/main.yaml"))), str(tmp_path))
    assert template == str(tmp_path / "a/main.yaml")
    found = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*.yaml")}
    assert found == files
    assert not [path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o077]


def test_without_a_template_there_is_no_path(tmp_path) -> None:
    assert write(Handover({"paas_name": "x"}, {}), str(tmp_path)) == ""
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_overwritten(tmp_path) -> None:
    (tmp_path / "x").write_text("kept")
    with pytest.raises(PaasError, match=r"x cannot be written: File exists"):
        write(Handover({}, {"x": b"other"}), str(tmp_path))
    assert (tmp_path / "x").read_text() == "kept"


def _text(document: object) -> str:
    return base64.b64encode(zlib.compress(json.dumps(document).encode())).decode()


GOOD = {"format": 1, "variables": {}, "files": {}, "template": ""}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        ("no base64!", "cannot be read"),
        (base64.b64encode(b"no zlib").decode(), "cannot be read"),
        (base64.b64encode(zlib.compress(b"x" * 100 * 1024 * 1024)).decode(), "cannot be read"),
        (_text([]), "it is no mapping"),
        (_text({**GOOD, "format": 2}), "Install the collection indigo.paas in the version of the service"),
        (_text({"format": 1}), "cannot be read"),
        (_text({**GOOD, "variables": []}), "cannot be read"),
        (_text({**GOOD, "variables": {"ansible_connection": "local"}}), "'ansible_connection' is no variable"),
        (_text({**GOOD, "variables": {"paas_x y": 1}}), "is no variable"),
        (_text({**GOOD, "files": {"../x": ""}}), "lies elsewhere"),
        (_text({**GOOD, "files": {"/x": ""}}), "lies elsewhere"),
        (_text({**GOOD, "files": {"": ""}}), "lies elsewhere"),
        (_text({**GOOD, "files": {"x": "?"}}), "cannot be read"),
        (_text({**GOOD, "files": {"x": 1}}), "cannot be read"),
        (_text({**GOOD, "template": "main.yaml"}), "its template is missing"),
        (_text({**GOOD, "template": ["x"]}), "cannot be read"),
    ],
)
def test_what_was_made_by_something_else_is_refused(text: str, said: str) -> None:
    with pytest.raises(PaasError, match=said):
        unpack(text)
