# SPDX-License-Identifier: Apache-2.0
"""What others have published on the package registry and our tests are held against: got once, then in the cache."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile

import platformdirs

CACHE = platformdirs.user_cache_path("indigo-paas-tests")


class Unreachable(Exception):
    """The registry does not answer, and the cache has no copy."""


def archive(package: str, version: str, *options: str) -> pathlib.Path:
    """Return the archive of a package in a version; `options` of `pip download` say which. Raises Unreachable."""
    place = CACHE / f"{package}-{version}-archive"
    if not place.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as draft:
            made = pathlib.Path(draft, "got")
            made.mkdir()
            _download(made, f"{package}=={version}", options)
            keep(made, place)
    (found,) = place.iterdir()
    return found


def keep(made: pathlib.Path, place: pathlib.Path) -> None:
    """Move a directory to its place, unless another process has been faster."""
    try:
        os.replace(made, place)
    except OSError:
        if not place.is_dir():
            raise


def _download(made: pathlib.Path, requirement: str, options: tuple[str, ...]) -> None:
    command = ["pip", "download", "--quiet", "--no-deps", *options, requirement]
    done = subprocess.run([sys.executable, "-m", *command], cwd=made, capture_output=True, text=True, check=False)
    if done.returncode or len(list(made.iterdir())) != 1:
        raise Unreachable(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
