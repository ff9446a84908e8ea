#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sees to it that Node.js 20 or newer and npm are there, with which tests run an OpenID provider.
# Root on Debian or Ubuntu: installs what is missing. Anybody else is told what to install.
# Silent when there is nothing to do.
set -euo pipefail

oldest=20

say() { printf 'node: %s\n' "$*"; }

die() {
    printf 'node: %s\n' "$*" >&2
    exit 1
}

is_there() {
    command -v npm >/dev/null && command -v node >/dev/null &&
        node -e "process.exit(parseInt(process.versions.node) >= $oldest ? 0 : 1)"
}

! is_there || exit 0
[[ $EUID -eq 0 ]] && command -v apt-get >/dev/null ||
    die "Node.js $oldest and npm are needed: install them (Debian: nodejs npm), or run setup/node.sh as root"

say "installing nodejs and npm"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null 2>&1 || say "apt-get update met errors, going on with what it has"
output=$(apt-get install -y -qq --no-install-recommends nodejs npm 2>&1) ||
    die "apt-get could not install nodejs and npm: $(tail -n 3 <<<"$output")"
is_there || die "Node.js $oldest is needed, and there is $(node --version): install a newer one"
