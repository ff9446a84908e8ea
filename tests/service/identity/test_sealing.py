# SPDX-License-Identifier: Apache-2.0
"""What is sealed opens with the keys of the file, for whom it was sealed, and else for nobody."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from indigo_paas.errors import BadInput
from indigo_paas.service.identity.sealing import Seal, Unreadable, seal_of

KEY = Fernet(Fernet.generate_key())


@given(st.dictionaries(st.text(), st.text()), st.lists(st.text(), max_size=3))
def test_what_goes_in_comes_out(what, owner):
    seal = Seal([KEY])
    sealed = seal.close(what, tuple(owner))
    assert seal.open(sealed, tuple(owner)) == what
    with pytest.raises(Unreadable):
        seal.open(sealed, (*owner, "another"))


@pytest.mark.parametrize("sealed", ["", "x", "gAAAAA", "é"])
def test_what_was_never_sealed(sealed):
    with pytest.raises(Unreadable):
        Seal([KEY]).open(sealed, ())


def test_an_older_key_still_opens_and_is_replaced():
    old, new = Seal([KEY]), Seal([Fernet(Fernet.generate_key()), KEY])
    sealed = old.close({"a": "b"}, ("x",))
    assert new.open(sealed, ("x",)) == {"a": "b"}
    renewed = new.renewed(sealed)
    assert new.renewed(renewed) is None
    assert new.open(renewed, ("x",)) == {"a": "b"}
    with pytest.raises(Unreadable):
        old.open(renewed, ("x",))
    assert old.renewed(renewed) is None


def test_a_missing_file_is_made_for_the_owner_alone(tmp_path):
    file = tmp_path / "home" / "token-keys"
    sealed = seal_of(file).close({"a": "b"}, ())
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["token-keys"]
    assert seal_of(file).open(sealed, ()) == {"a": "b"}


def test_processes_that_make_it_at_once_have_one(tmp_path):
    code = (
        "import pathlib, sys\n"
        "from indigo_paas.service.identity.sealing import seal_of\n"
        "print(seal_of(pathlib.Path(sys.argv[1])).close({}, ()))\n"
    )
    file = tmp_path / "token-keys"
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    sealed = [process.communicate()[0].strip() for process in started]
    assert [seal_of(file).open(one, ()) for one in sealed] == [{}, {}, {}, {}]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o602])
def test_a_file_that_others_reach_is_refused(tmp_path, mode):
    file = tmp_path / "token-keys"
    seal_of(file)
    os.chmod(file, mode)
    with pytest.raises(BadInput, match="chmod 600"):
        seal_of(file)


@pytest.mark.parametrize(
    ("text", "said"), [("", "has no key"), ("# none\n", "has no key"), ("\n  secret words\n", ":2: this is no key")]
)
def test_a_file_without_keys(tmp_path, text, said):
    file = tmp_path / "token-keys"
    file.touch(0o600)
    file.write_text(text)
    with pytest.raises(BadInput, match=said) as refused:
        seal_of(file)
    assert str(file) in str(refused.value)
    assert "secret words" not in str(refused.value)


def test_a_place_where_no_file_can_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be made"):
        seal_of(tmp_path / "file" / "token-keys")
