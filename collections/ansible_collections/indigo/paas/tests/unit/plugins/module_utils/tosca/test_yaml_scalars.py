# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.tosca.yaml_scalars import (
    Real,
    plain_scalar,
    scalar_text,
    tagged_scalar,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("yes", True),
        ("No", False),
        ("ON", True),
        ("y", "y"),
        ("7", 7),
        ("-7", -7),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0755", "0755"),
        ("22:22", "22:22"),
        ("2026-01-31", "2026-01-31"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e5", "1e5"),
        ("1.0e+999", "1.0e+999"),
        (".inf", ".inf"),
        ("9" * 5000, "9" * 5000),
        ("-", "-"),
        ("1 GB", "1 GB"),
    ],
)
def test_plain_scalars(text: str, value: object) -> None:
    found = plain_scalar(text)
    assert found == value
    assert isinstance(found, bool) == isinstance(value, bool)


def test_a_real_number_remembers_its_text() -> None:
    assert scalar_text(plain_scalar("16.10")) == "16.10"
    assert isinstance(plain_scalar("16.10"), Real)


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (3, "3"), (0.5, "0.5"), ("x", "x")])
def test_scalars_as_text(value: object, text: str) -> None:
    assert scalar_text(value) == text


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("str", "5", "5"), ("int", "5", 5), ("float", "5", 5.0), ("bool", "yes", True)],
)
def test_tags(kind: str, text: str, value: object) -> None:
    assert tagged_scalar(kind, text) == value


@pytest.mark.parametrize(("kind", "text"), [("int", "yes"), ("int", "x"), ("bool", "1"), ("float", "x"), ("map", "x")])
def test_tags_that_do_not_fit(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match="YAML type"):
        tagged_scalar(kind, text)
