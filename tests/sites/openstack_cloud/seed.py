# SPDX-License-Identifier: Apache-2.0
"""Fills the cloud with what every cloud offers: flavors, images, networks, zones."""

from __future__ import annotations

import ipaddress
import os
import pathlib
import subprocess
import time

import openstack

ADDRESS = os.environ["ADDRESS"]
GUESTS = ipaddress.ip_network(os.environ["GUESTS"])
MACHINE = pathlib.Path("/cloud/image")
HOSTS = {"fake": "fake", "broken": "broken", "real": os.uname().nodename}  # zone, and host as Placement calls it
GIB = 1024
FLAVORS = (
    {"name": "m1.tiny", "vcpus": 1, "ram": GIB, "disk": 1},
    {"name": "m1.small", "vcpus": 1, "ram": 2 * GIB, "disk": 10},
    {"name": "m1.medium", "vcpus": 2, "ram": 4 * GIB, "disk": 20},
    {"name": "m1.large", "vcpus": 4, "ram": 8 * GIB, "disk": 40},
    {"name": "v1.diskless", "vcpus": 2, "ram": 2 * GIB, "disk": 0},
    {"name": "g1.gpu", "vcpus": 4, "ram": 16 * GIB, "disk": 40},
    {"name": "s1.spot", "vcpus": 1, "ram": GIB, "disk": 1},
)
EXTRA_SPECS = {"g1.gpu": {"pci_passthrough:alias": "gpu:2"}, "s1.spot": {"preemptible": "true"}}
IMAGES = (
    {"name": "debian-12", "os_distro": "debian", "os_version": "12"},
    {"name": "debian-13", "os_distro": "debian", "os_version": "13"},
    {"name": "ubuntu-22.04", "os_distro": "ubuntu", "os_version": "22.04"},
    {"name": "plain"},
)


def main() -> None:
    cloud = connect()
    flavors(cloud)
    images(cloud)
    machine(cloud)
    networks(cloud)
    zones(cloud)
    volumes(cloud)


def connect() -> openstack.connection.Connection:
    return openstack.connect(
        auth_url=f"http://{ADDRESS}:5000/v3",
        username="admin",
        password="admin",
        project_name="admin",
        user_domain_name="Default",
        project_domain_name="Default",
        region_name="RegionOne",
    )


def flavors(cloud) -> None:
    for flavor in FLAVORS:
        made = cloud.compute.create_flavor(**flavor)
        if flavor["name"] in EXTRA_SPECS:
            cloud.compute.create_flavor_extra_specs(made, EXTRA_SPECS[flavor["name"]])


def images(cloud) -> None:
    for image in IMAGES:
        cloud.image.create_image(
            **image,
            data=b"\0" * 1024,
            disk_format="raw",
            container_format="bare",
            visibility="public",
            architecture="x86_64",
            os_type="linux",
        )


def machine(cloud) -> None:
    """Add the image of a machine that can be run; it has no boot loader."""

    def upload(part: str, kind: str, disk_format: str, **more: str):
        data = (MACHINE / part).read_bytes()
        name = f"machine-{part}"
        return cloud.image.create_image(
            name=name, data=data, container_format=kind, disk_format=disk_format, visibility="public", **more
        )

    kernel = upload("kernel", "aki", "aki")
    ramdisk = upload("ramdisk", "ari", "ari")
    upload(
        "disk",
        "bare",
        "qcow2",
        kernel_id=kernel.id,
        ramdisk_id=ramdisk.id,
        os_command_line="root=/dev/vda rw console=ttyS0 quiet",
        # This kernel sees no disks of other kinds.
        hw_cdrom_bus="scsi",
        hw_scsi_model="virtio-scsi",
        hw_rng_model="virtio",
        os_distro="debian",
        os_version="13",
        architecture="x86_64",
    )


def networks(cloud) -> None:
    upper_half = list(GUESTS.subnets())[1]
    guests = cloud.network.create_network(
        name="guests", is_shared=True, provider_network_type="flat", provider_physical_network="guests"
    )
    cloud.network.create_subnet(
        name="guests",
        network_id=guests.id,
        ip_version=4,
        cidr=str(GUESTS),
        gateway_ip=str(GUESTS[1]),
        allocation_pools=[{"start": str(upper_half[0]), "end": str(upper_half[-2])}],
        is_dhcp_enabled=False,
    )
    provider = cloud.network.create_network(
        name="provider", is_shared=True, provider_network_type="flat", provider_physical_network="provider"
    )
    cloud.network.create_subnet(
        name="provider", network_id=provider.id, ip_version=4, cidr="10.77.0.0/16", is_dhcp_enabled=False
    )
    public = cloud.network.create_network(
        name="public", is_router_external=True, provider_network_type="flat", provider_physical_network="external"
    )
    cloud.network.create_subnet(
        name="public", network_id=public.id, ip_version=4, cidr="203.0.113.0/24", is_dhcp_enabled=False
    )
    private = cloud.network.create_network(name="private", is_shared=True)
    inside = cloud.network.create_subnet(
        name="private", network_id=private.id, ip_version=4, cidr="10.78.0.0/16", is_dhcp_enabled=False
    )
    router = cloud.network.create_router(name="private", external_gateway_info={"network_id": public.id})
    cloud.network.add_interface_to_router(router, subnet_id=inside.id)


def zones(cloud) -> None:
    for _try in range(240):
        subprocess.run(
            ["nova-manage", "--config-file", "/cloud/etc/nova.conf", "cell_v2", "discover_hosts"],
            check=True,
            capture_output=True,
        )
        known = {hypervisor.name for hypervisor in cloud.compute.hypervisors(details=False)}
        # A host is taken into a zone only when placement knows it.
        placed = {provider.name for provider in cloud.placement.resource_providers()}
        if set(HOSTS.values()) <= known & placed:
            break
        time.sleep(0.5)
    else:
        raise SystemExit(f"Of the compute hosts {sorted(HOSTS)} only {sorted(known)} came up")
    for zone in HOSTS:
        aggregate = cloud.compute.create_aggregate(name=zone, availability_zone=zone)
        cloud.compute.add_host_to_aggregate(aggregate, zone)


def volumes(cloud) -> None:
    """Return when a volume can be made: the scheduler has to have heard of the driver."""
    for _try in range(240):
        volume = cloud.block_storage.create_volume(name="seed", size=1)
        while volume.status == "creating":
            time.sleep(0.2)
            volume = cloud.block_storage.get_volume(volume)
        cloud.block_storage.delete_volume(volume)
        if volume.status == "available":
            return
        time.sleep(0.5)
    raise SystemExit(f"A volume ends in {volume.status}")


main()
