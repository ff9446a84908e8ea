# SPDX-License-Identifier: Apache-2.0
"""What once was a bug stays none: every input of the corpus is planned or refused."""

from __future__ import annotations

import pathlib
import tracemalloc

import pytest

from tests.fuzz.mutate import mutate
from tests.fuzz.target import one_input

CORPUS = sorted((pathlib.Path(__file__).parent / "corpus").iterdir())
PLANNED = ("archive", "imports-itself", "minimal")


def test_the_corpus_is_small() -> None:
    assert 0 < len(CORPUS) < 50
    assert all(path.stat().st_size < 8192 for path in CORPUS)


def test_a_file_of_aliases_is_changed_within_bounds() -> None:
    bomb = "\n".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 8 if n else '1'}]" for n in range(9))
    tracemalloc.start()
    assert mutate(b"\0" + bomb.encode(), 8192, 5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_an_input_is_planned_or_refused(path: pathlib.Path) -> None:
    assert one_input(path.read_bytes()) is (path.name in PLANNED)
