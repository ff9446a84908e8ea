# SPDX-License-Identifier: Apache-2.0
"""What the measurements share: commands and their seconds, medians, tables."""

from __future__ import annotations

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(sys.executable).parent
COLLECTIONS = f"{ROOT / 'collections'}:{ROOT / 'tests' / 'collections'}"


def run(*command: str, env: Mapping[str, str] | None = None) -> tuple[float, str]:
    """Run COMMAND, a program of the virtual environment with its arguments; return seconds and standard output.

    Raises SystemExit with all that it printed when it fails.
    """
    program, *arguments = command
    # Files, not pipes: ssh's connection master would hold a pipe open long after the program ended.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.perf_counter()
        done = subprocess.run(
            [str(BIN / program), *arguments],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            check=False,
        )
        seconds = time.perf_counter() - began
        out.seek(0)
        err.seek(0)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} ended with {done.returncode}\n{out.read()}\n{err.read()}")
        return seconds, out.read()


def spread(seconds: Sequence[float]) -> str:
    """Return median, least and greatest of SECONDS as text."""
    return f"{statistics.median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f})"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
