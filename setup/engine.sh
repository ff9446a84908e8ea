#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sees to it that a container engine answers, and that the tools are there that make nodes of it.
# Root on Debian or Ubuntu: installs and starts what is missing. Anybody else is told what to install.
# Silent when there is nothing to do.
set -euo pipefail

readonly LOG=/var/log/dockerd.log
readonly PIDFILE=/var/run/docker.pid
readonly CONTAINERD_PIDFILE=/var/run/docker/containerd/containerd.pid
readonly START_TIMEOUT=60
# A node's systemd holds 5 inotify instances; the kernel's default of 128 for all of root ends at 25 nodes.
readonly INOTIFY=/proc/sys/fs/inotify/max_user_instances
readonly INOTIFY_INSTANCES=1024

say() { printf 'engine: %s\n' "$*"; }

die() {
    printf 'engine: %s\n' "$*" >&2
    exit 1
}

is_root() { [[ $EUID -eq 0 ]]; }

has_systemd() { [[ -d /run/systemd/system ]]; }

engine_answers() { timeout 10 docker version >/dev/null 2>&1; }

missing_packages() {
    local -a wanted=(mmdebstrap openssh-client iptables debian-archive-keyring)
    command -v dockerd >/dev/null || engine_answers || wanted+=(docker.io)
    command -v docker >/dev/null || wanted+=(docker-cli)
    local package
    for package in "${wanted[@]}"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
    done
}

# Some releases ship the client inside docker.io and have no package of that name.
without_unknown() {
    local package
    for package in "$@"; do
        apt-cache show "$package" >/dev/null 2>&1 && echo "$package"
    done
}

install_packages() {
    local -a packages
    mapfile -t packages < <(missing_packages)
    ((${#packages[@]})) || return 0
    say "installing ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # A broken source of somebody else's must not stop us: whether the packages are there is what counts.
    apt-get update -qq >/dev/null 2>&1 || say "apt-get update met errors, going on with what it has"
    mapfile -t packages < <(without_unknown "${packages[@]}")
    ((${#packages[@]})) || return 0
    local output
    output=$(apt-get install -y -qq --no-install-recommends "${packages[@]}" 2>&1) ||
        die "apt-get could not install ${packages[*]}: $(tail -n 3 <<<"$output")"
}

allow_many_nodes() {
    [[ -w $INOTIFY ]] || return 0
    (($(<"$INOTIFY") < INOTIFY_INSTANCES)) || return 0
    if echo "$INOTIFY_INSTANCES" 2>/dev/null >"$INOTIFY"; then
        say "raised fs.inotify.max_user_instances to $INOTIFY_INSTANCES, for more than 20 nodes"
    fi
}

is_alive() {
    local status=/proc/$1/status
    [[ $(awk '/^Name:/ { print $2 }' "$status" 2>/dev/null) == "$2" ]] && ! grep -q '^State:.*Z' "$status"
}

# A killed daemon leaves its pid behind; while another process has that number, dockerd refuses to start.
forget_unless_alive() {
    local pidfile=$1 name=$2
    [[ -s $pidfile ]] || return 0
    is_alive "$(<"$pidfile")" "$name" || rm -f "$pidfile"
}

start_engine() {
    say "starting the container engine"
    if has_systemd; then
        systemctl start docker || die "systemctl could not start docker; see: journalctl -u docker"
    else
        forget_unless_alive "$PIDFILE" dockerd
        forget_unless_alive "$CONTAINERD_PIDFILE" containerd
        if [[ ! -s $PIDFILE ]]; then
            setsid dockerd </dev/null >>"$LOG" 2>&1 &
        fi
    fi
    local waited
    for ((waited = 0; waited < START_TIMEOUT; waited++)); do
        ! engine_answers || return 0
        sleep 1
    done
    die "no container engine answers ${START_TIMEOUT} s after its start: $(tail -n 3 "$LOG" 2>/dev/null)"
}

tell_what_to_install() {
    is_root || die "no container engine answers to $(id -un): install and start Docker, or run setup/engine.sh as root"
    command -v apt-get >/dev/null ||
        die "no container engine answers, and this is neither Debian nor Ubuntu: install and start Docker"
    [[ -z ${DOCKER_HOST:-} ]] ||
        die "no container engine answers at DOCKER_HOST=$DOCKER_HOST: correct it, or unset it to use a local engine"
}

if ! is_root || ! command -v apt-get >/dev/null; then
    engine_answers || tell_what_to_install
    exit 0
fi
engine_answers || tell_what_to_install
install_packages
allow_many_nodes
if ! engine_answers; then
    start_engine
    say "Docker $(docker version --format '{{.Server.Version}}') answers"
fi
