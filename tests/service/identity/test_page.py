# SPDX-License-Identifier: Apache-2.0
"""The page on identity: it names every setting, and its examples are settings."""

from __future__ import annotations

import dataclasses
import re

import pytest
from cryptography.fernet import Fernet

from indigo_paas.service import settings
from indigo_paas.service.identity.settings import Identity, Issuer


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "identity.md").read_text()


def test_it_names_every_setting_and_no_other(page):
    named = re.findall(r"^\| `(\w+)` \|", page.partition("## All settings")[2], re.MULTILINE)
    known = [field.name for kind in (Identity, Issuer) for field in dataclasses.fields(kind)]
    assert named == known


def test_its_examples_are_settings(page, tmp_path):
    examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 4
    for number, example in enumerate(examples):
        file = tmp_path / f"{number}.toml"
        file.write_text(example)
        assert len(settings.read(file, {}).identity.issuers) == 1


def test_a_key_as_it_says_is_one(page):
    (code,) = re.findall(r"python3 -c '(import base64.*?)'", page)
    said = []
    exec(code, {"print": said.append})
    assert Fernet(said[0])
