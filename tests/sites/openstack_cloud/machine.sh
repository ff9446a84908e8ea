#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a machine's disk of a node's image: with a kernel, a network, and cloud-init.
# The kernel is that of the release before, which the emulator of that release is known to run.
set -euo pipefail

for sources in /etc/apt/sources.list /etc/apt/sources.list.d/*.sources; do
    [ ! -s "$sources" ] || sed s/trixie/bookworm/g "$sources" >"/etc/apt/sources.list.d/kernel.${sources##*.}"
done
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    cloud-init e2fsprogs initramfs-tools linux-image-cloud-amd64/bookworm udev zstd
rm -f /etc/apt/sources.list.d/kernel.*

for unit in systemd-modules-load systemd-remount-fs systemd-udevd; do
    rm -f "/etc/systemd/system/$unit.service"
done
systemctl enable systemd-networkd
systemctl disable systemd-networkd-wait-online
echo "LABEL=root / ext4 errors=remount-ro 0 1" >/etc/fstab
# Each of these costs an emulated machine seconds.
cat >/etc/cloud/cloud.cfg.d/90-test.cfg <<'CONF'
datasource_list: [ConfigDrive]
ssh_genkeytypes: [ed25519]
locale: false
apt: {preserve_sources_list: true}
CONF

mkdir /image
mv /boot/vmlinuz-* /image/kernel
mv /boot/initrd.img-* /image/ramdisk
tar --create --one-file-system --exclude=./image --exclude='./var/lib/apt/lists/*' --exclude='./var/cache/apt/*.bin' \
    --exclude='./var/cache/apt/archives/*.deb' --exclude=./.dockerenv --directory=/ --file=/image/root.tar .
apt-get install -y -qq --no-install-recommends libarchive13t64 qemu-utils
mke2fs -q -t ext4 -L root -d /image/root.tar /image/raw 2G
qemu-img convert -O qcow2 /image/raw /image/disk
rm /image/root.tar /image/raw
