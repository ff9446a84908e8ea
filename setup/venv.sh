#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Creates the virtual environment $1 with this checkout (editable), the command indigo-paas and the tests' tools.
set -euo pipefail

venv=$1
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }

python_for_venv() {
    local python
    for python in python3.13 python3.12 python3.11 python3; do
        if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    echo "setup: Python 3.11, 3.12 or 3.13 is needed and none of them was found: install one (Debian: python3)." >&2
    exit 1
}

python=$(python_for_venv)
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing python3-venv"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    else
        echo "setup: $python cannot make virtual environments: install its venv module (Debian: python3-venv)." >&2
        exit 1
    fi
fi

say "making $venv with $("$python" --version)"
"$python" -m venv "$venv"
say "installing the packages (about a minute)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable '.[test]'
say "done: $venv/bin/indigo-paas"
