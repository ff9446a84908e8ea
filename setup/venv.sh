#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Creates the virtual environment $1 with this checkout (editable), the command indigo-paas and the tests' tools.
# What pip and apt-get print goes to a file in it; a failure tells its reason and that file.
set -euo pipefail

venv=$1
cd "$(dirname "$0")/.."
log=$venv/setup.log

say() { printf 'setup: %s\n' "$*"; }

die() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

# What a program says of its failure: its errors, or else its last words.
reason() {
    local errors
    errors=$(grep -aiE '^(ERROR|E|error|fatal)\b' "$log" | tail -n 5) || errors=$(tail -n 3 "$log")
    printf '%s' "$errors"
}

# Runs $2... and dies with the sentence $1 and the reason where it fails.
logged() {
    local sentence=$1
    shift
    "$@" >>"$log" 2>&1 || die "$sentence: $(reason)"$'\n'"setup: all that it printed is in $log"
}

python_for_venv() {
    local python
    for python in python3.13 python3.12 python3.11 python3; do
        if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    die "Python 3.11, 3.12 or 3.13 is needed and none of them was found: install one (Debian: python3)."
}

mkdir -p "$venv"
: >"$log"
python=$(python_for_venv)
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing python3-venv"
        # A broken source of somebody else's must not stop us: whether the package comes is what counts.
        apt-get update -qq >>"$log" 2>&1 || say "apt-get update met errors, going on with what it has"
        export DEBIAN_FRONTEND=noninteractive
        logged "apt-get could not install python3-venv" apt-get install -y -qq --no-install-recommends python3-venv
    else
        die "$python cannot make virtual environments: install its venv module (Debian: python3-venv)."
    fi
fi

say "making $venv with $("$python" --version)"
logged "$python could not make $venv" "$python" -m venv "$venv"
say "installing the packages (about a minute; progress is in $log)"
logged "pip could not install the packages" \
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off --editable '.[test]'
say "done: $venv/bin/indigo-paas"
