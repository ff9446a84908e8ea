#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Lets ansible-test build its virtual environments where only a package index is reachable: it bootstraps pip with
# a script that it downloads from a file host, and takes a script of that name from its cache first.
set -euo pipefail

bin=$1
cache=$HOME/.ansible/test/cache

version=$("$bin/python" - <<'PYTHON'
import importlib.util
import pathlib
import re

root = pathlib.Path(importlib.util.find_spec("ansible_test").submodule_search_locations[0])
pinned = re.compile(r"^\s*pip\s*=\s*'([0-9.]+)'|\bpip='([0-9.]+)'", re.MULTILINE)
text = (root / "_internal" / "python_requirements.py").read_text()
found = pinned.search(text)
print(next(group for group in found.groups() if group))
PYTHON
)

script=$cache/get_pip_${version//./_}.py
wheel=pip-$version-py3-none-any.whl
[ -e "$script" ] && exit 0

printf 'setup: pip %s for ansible-test\n' "$version"
mkdir -p "$cache"
"$bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$cache" "pip==$version"
cat >"$script" <<PYTHON
"""Installs pip from the wheel beside this file; takes the options of the script it stands for."""

import pathlib
import sys

UNKNOWN_TO_PIP = {"--no-setuptools", "--no-wheel"}

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "$wheel"))
    from pip._internal.cli.main import main

    sys.exit(main(["install", *(option for option in sys.argv[1:] if option not in UNKNOWN_TO_PIP)]))
PYTHON
