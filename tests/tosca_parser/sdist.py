# SPDX-License-Identifier: Apache-2.0
"""tosca-parser's source distribution, unpacked in the cache."""

from __future__ import annotations

import pathlib
import tarfile
import tempfile

from tests import registry

VERSION = "2.15.0"
TEMPLATES = pathlib.Path("samples", "tests", "data")


def directory() -> pathlib.Path:
    """Return where the distribution is unpacked; get it before, once. Raises registry.Unreachable."""
    found = registry.CACHE / f"tosca_parser-{VERSION}"
    if not found.is_dir():
        archive = registry.archive("tosca-parser", VERSION, "--no-binary", ":all:")
        with tempfile.TemporaryDirectory(dir=registry.CACHE) as draft, tarfile.open(archive) as source:
            source.extractall(draft, filter="data")
            registry.keep(pathlib.Path(draft, archive.name.removesuffix(".tar.gz")), found)
    return found
