# SPDX-License-Identifier: Apache-2.0
"""Feeds the loader with mutated templates and looks for what no template may do: crash, hang, or fill the memory.

    pip install -e '.[fuzz]'
    python -m tests.fuzz                     ten minutes
    python -m tests.fuzz -max_total_time=60  any option of libFuzzer
    python -m tests.fuzz FILE                one input again, such as a crash-... file

It begins with tests/fuzz/corpus (inputs that once were a bug, and few others) and with the shapes of the unit tests.
What it finds on its way is kept in a directory of its own, not in the corpus. Every bug becomes a unit test.

"""

from __future__ import annotations

import pathlib
import sys
import tempfile

import atheris

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "fuzz"
OPTIONS = {
    "-max_total_time": "600",
    "-timeout": "20",
    "-rss_limit_mb": "2048",
    "-max_len": "8192",
    "-dict": str(HERE / "tosca.dict"),
}

sys.path[:0] = [str(ROOT), str(ROOT / "collections")]

with atheris.instrument_imports(include=["ansible_collections.indigo.paas.plugins.module_utils"]):
    from tests.fuzz.mutate import mutate
    from tests.fuzz.target import TESTS, one_input, vocabulary


def _mutated(data: bytes, limit: int, seed: int) -> bytes:
    """Return another input: most often another template, else whatever libFuzzer makes of the bytes."""
    found = mutate(data, limit, seed) if seed % 4 else None
    return atheris.Mutate(data, limit) if found is None else found


def _seeds(directory: pathlib.Path) -> None:
    """Write the shapes of the unit tests as inputs."""
    for shape in (TESTS / "shapes").iterdir():
        (directory / shape.stem).write_bytes(b"\0" + shape.read_bytes())


def main() -> None:
    """Run libFuzzer with our options, except where the command line has its own."""
    vocabulary()
    given = sys.argv[1:]
    named = {option.partition("=")[0] for option in given}
    options = [f"{name}={value}" for name, value in OPTIONS.items() if name not in named]
    files = [option for option in given if not option.startswith("-")]
    with tempfile.TemporaryDirectory(prefix="indigo-paas-fuzz-") as found:
        _seeds(pathlib.Path(found))
        directories = [] if files else [found, str(HERE / "corpus")]
        atheris.Setup([sys.argv[0], *options, *given, *directories], one_input, custom_mutator=_mutated)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
