#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sees to it that the programs of a PostgreSQL server are there, which tests start for themselves.
# Root on Debian or Ubuntu: installs what is missing. Anybody else is told what to install.
# Silent when there is nothing to do.
set -euo pipefail

say() { printf 'postgresql: %s\n' "$*"; }

die() {
    printf 'postgresql: %s\n' "$*" >&2
    exit 1
}

is_there() { command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

! is_there || exit 0
[[ $EUID -eq 0 ]] && command -v apt-get >/dev/null ||
    die "no PostgreSQL server is installed: install it (Debian: postgresql), or run setup/postgresql.sh as root"

say "installing postgresql"
export DEBIAN_FRONTEND=noninteractive
mkdir -p /etc/postgresql-common
# The tests start servers of their own: the package shall not start one for the whole machine.
[[ -e /etc/postgresql-common/createcluster.conf ]] ||
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
apt-get update -qq >/dev/null 2>&1 || say "apt-get update met errors, going on with what it has"
output=$(apt-get install -y -qq --no-install-recommends postgresql 2>&1) ||
    die "apt-get could not install postgresql: $(tail -n 3 <<<"$output")"
is_there || die "postgresql was installed, but there is no initdb in /usr/lib/postgresql"
