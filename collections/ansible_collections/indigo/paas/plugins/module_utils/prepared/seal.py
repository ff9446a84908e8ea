# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken out of a machine before it becomes an image: all that is its own, or tells of what it did."""

from __future__ import annotations

# Run before `install`: what that enables would start without a configuration. The role enables it when it has one.
NOTE_ENABLED = r"""set -eu
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
mkdir -p /run/indigo-paas
systemctl list-unit-files --state=enabled --no-legend --no-pager | cut -d' ' -f1 | sort >/run/indigo-paas/enabled
"""

# Run as root, the last thing that is done there: nobody gets in afterwards.
SEAL = r"""set -eu
rm -f /usr/sbin/policy-rc.d
if [ -e /run/indigo-paas/enabled ]; then
  systemctl list-unit-files --state=enabled --no-legend --no-pager | cut -d' ' -f1 | sort |
    comm -13 /run/indigo-paas/enabled - | while read -r unit; do
      systemctl disable --now "$unit" >/dev/null 2>&1 || true
    done
fi
apt-get clean 2>/dev/null || true
command -v dnf >/dev/null && dnf clean all >/dev/null 2>&1 || true
command -v cloud-init >/dev/null && cloud-init clean --logs >/dev/null 2>&1 || true
command -v journalctl >/dev/null && journalctl --rotate --vacuum-time=1s >/dev/null 2>&1 || true
rm -rf /var/log/journal/*
find /var/log -xdev -type f -delete
find /tmp /var/tmp -xdev -mindepth 1 -delete 2>/dev/null || true
rm -rf /root/.ansible /home/*/.ansible /root/.cache /home/*/.cache
rm -f /root/.*_history /home/*/.*_history /root/.lesshst /root/.wget-hsts
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
rm -f /root/.ssh/* /home/*/.ssh/*
: >/etc/machine-id
sync
"""
