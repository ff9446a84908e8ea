# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A project of a cloud: what is asked of OpenStack's services, each call again while its failure may pass.

A call that makes something looks first whether it is there: a service may have made it and failed in answering.
"""

from __future__ import annotations

import contextlib
import functools
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.openstack import errors, labels
from ansible_collections.indigo.paas.plugins.module_utils.openstack.security import Rule, read_rule
from ansible_collections.indigo.paas.plugins.module_utils.quotas import Quota
from ansible_collections.indigo.paas.plugins.module_utils.retry import Retry

try:
    import openstack
    from openstack.config import OpenStackConfig
except ImportError:  # errors.HAS_OPENSTACK says so
    pass

TIMEOUT = 60
ACCESS_TOKEN_TYPE = "v3oidcaccesstoken"
PORT_BATCH = 50  # ids in one query, which must fit into a URL

# How what stands still is set going again.
STARTS = {
    "SHUTOFF": "start_server",
    "PAUSED": "unpause_server",
    "SUSPENDED": "resume_server",
    "SHELVED": "unshelve_server",
    "SHELVED_OFFLOADED": "unshelve_server",
    "RESCUE": "unrescue_server",
}

Thing = Any
Made = TypeVar("Made")


def connect(
    site: str, cloud: str | None, clouds_file: str | None, region: str | None, access_token_file: str | None = None
) -> Thing:
    """Return the SDK's connection for CLOUD of clouds.yaml; nothing is asked of it yet. Raises SiteError.

    access_token_file: with the token for a cloud that wants one of an OpenID provider and whose entry has none.
    """
    if not errors.HAS_OPENSTACK:
        raise SiteError(
            f"Site '{site}' needs the Python library openstacksdk",
            hint="Install it beside Ansible: pip install openstacksdk.",
            bad_input=True,
        )
    try:
        config = OpenStackConfig(config_files=[clouds_file] if clouds_file else None)
        wanted: dict[str, Any] = {"cloud": cloud, "region_name": region, "api_timeout": TIMEOUT}
        if _wants_access_token(config.get_one(validate=False, **wanted)):
            wanted["auth"] = {"access_token": _access_token(site, access_token_file)}
        chosen = config.get_one(**wanted)
        return openstack.connection.Connection(config=chosen, app_name="indigo-paas")
    except errors.ERRORS as error:
        raise SiteError(
            f"Site '{site}' cannot read its credentials: {errors.reason(error)}",
            hint="Name a cloud of clouds.yaml in site_cloud, and the file in site_clouds_file where it is elsewhere.",
            bad_input=True,
        ) from error


def _wants_access_token(cloud: Thing) -> bool:
    return cloud.config.get("auth_type") == ACCESS_TOKEN_TYPE and not cloud.config["auth"].get("access_token")


def _access_token(site: str, file: str | None) -> str:
    """Return the token in FILE. Raises SiteError where there is none."""
    if not file:
        raise SiteError(
            f"Site '{site}' needs the access token of a user",
            hint="Name a file that holds one in site_access_token_file, or ask the service, which knows its users.",
            bad_input=True,
        )
    try:
        return pathlib.Path(file).expanduser().read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no token"
        raise SiteError(
            f"Site '{site}' needs the access token of the user, and there is none in {file}: {why}",
            hint="Of the service, the user asks again, as by an update, with a new token of their own.",
            bad_input=True,
        ) from None


class Project:
    """What one project has at a cloud. All calls raise the SDK's errors, once they do not pass."""

    def __init__(self, connection: Thing, retry: Retry) -> None:
        self._connection = connection
        self.retry = retry
        self._patient = Retry(errors.passing_or_in_use, tries=8)

    def prepare(self) -> None:
        """Log in and make the services' clients, which several threads must not do at once."""
        self.retry(self._connection.session.get_token)
        for service in ("compute", "image", "network"):
            self.retry(functools.partial(getattr, self._connection, service))

    @property
    def auth_url(self) -> str:
        return str(self._connection.config.auth.get("auth_url") or "")

    @functools.cached_property
    def has_volumes(self) -> bool:
        """Whether the cloud has a block storage service."""
        return bool(self.retry(lambda: self._connection.has_service("block-storage")))

    # What there is

    def flavors(self) -> list[Thing]:
        return self._all(self._connection.compute.flavors, details=True)

    def images(self) -> list[Thing]:
        return self._all(self._connection.image.images, status="active")

    def own_images(self) -> list[Thing]:
        """Return the images of this project itself: no other project's, which it may have shared."""
        return self._all(self._connection.image.images, status="active", owner=self._connection.current_project_id)

    def image(self, image: str) -> Thing | None:
        """Return the image with this id; None where there is none."""
        with contextlib.suppress(*errors.MISSING):
            return self.retry(lambda: self._connection.image.get_image(image))
        return None

    def networks(self) -> list[Thing]:
        return self._all(self._connection.network.networks)

    def zones(self) -> list[str]:
        """Return the names of the availability zones where servers can be made, sorted."""
        found = self._all(self._connection.compute.availability_zones)
        return sorted(zone.name for zone in found if (zone.state or {}).get("available"))

    def servers(self, deployment: str | None = None) -> list[Thing]:
        """Return the servers marked as DEPLOYMENT's, or as any's; those that are just going are among them."""
        found = self._all(self._connection.compute.servers, details=True)
        return [self._explained(server) for server in found if labels.belongs(server.metadata, deployment)]

    def images_of_servers(self) -> list[str]:
        """Return the id of the image of each server of the project that has one on its own disk."""
        found = self._all(self._connection.compute.servers, details=True)
        return [server.image.id for server in found if server.image and server.image.id]

    def _explained(self, server: Thing) -> Thing:
        # Nova's lists leave out why servers of some of its databases are in error, such as of those that found no host.
        if server.status == "ERROR" and not server.fault and server.task_state is None:
            with contextlib.suppress(*errors.MISSING):
                return self.retry(lambda: self._connection.compute.get_server(server.id))
        return server

    def volumes(self, deployment: str) -> list[Thing]:
        if not self.has_volumes:
            return []
        found = self._all(self._connection.block_storage.volumes, details=True)
        return [volume for volume in found if labels.belongs(volume.metadata, deployment)]

    def floating_ips(self, deployment: str) -> list[Thing]:
        found = self._all(self._connection.network.ips)
        return [ip for ip in found if labels.read_description(ip.description).get(labels.DEPLOYMENT) == deployment]

    def security_groups(self, deployment: str) -> list[Thing]:
        return self._all(self._connection.network.security_groups, description=labels.description(deployment))

    def own_networks(self, deployment: str) -> list[Thing]:
        return self._all(self._connection.network.networks, description=labels.description(deployment))

    def routers(self, deployment: str) -> list[Thing]:
        return self._all(self._connection.network.routers, description=labels.description(deployment))

    def server_groups(self, deployment: str) -> list[Thing]:
        prefix = labels.thing_name(deployment) + "."
        return [group for group in self._all(self._connection.compute.server_groups) if group.name.startswith(prefix)]

    def ports_of(self, servers: Iterable[str]) -> dict[str, list[Thing]]:
        """Return the ports of the servers with these ids, by server; asked in batches."""
        ids = list(servers)
        found: dict[str, list[Thing]] = {server: [] for server in ids}
        for start in range(0, len(ids), PORT_BATCH):
            for port in self._all(self._connection.network.ports, device_id=ids[start : start + PORT_BATCH]):
                found[port.device_id].append(port)
        return found

    def quotas(self) -> dict[str, Quota]:
        """Return the compute service's quotas: nodes, cpus, memory in MiB."""
        limits = self.retry(self._connection.compute.get_limits).absolute
        return {
            "nodes": Quota(limits.instances, limits.instances_used or 0),
            "cpus": Quota(limits.total_cores, limits.total_cores_used or 0),
            "memory": Quota(limits.total_ram, limits.total_ram_used or 0),
        }

    def network_quotas(self) -> dict[str, Quota]:
        project = self._connection.current_project_id
        quota = self.retry(lambda: self._connection.network.get_quota(project, details=True))
        names = {"floating addresses": quota.floating_ips, "security groups": quota.security_groups}
        return {name: Quota(each["limit"], each["used"] + each["reserved"]) for name, each in names.items()}

    def volume_quotas(self) -> dict[str, Quota]:
        limits = self.retry(self._connection.block_storage.get_limits).absolute
        return {
            "volumes": Quota(limits.max_total_volumes, limits.total_volumes_used or 0),
            "volume space": Quota(limits.max_total_volume_gigabytes, limits.total_gigabytes_used or 0),
        }

    # Servers

    def create_server(self, request: dict[str, Any]) -> None:
        """Ask once for a server. Whether it is there after a failure that may pass, the next list shows."""
        self.retry.wait()
        self._connection.compute.create_server(**request)

    def delete_server(self, server: str) -> None:
        self._delete(lambda: self._connection.compute.delete_server(server, ignore_missing=True))

    def start_server(self, server: Thing) -> None:
        """Set SERVER, which stands still, going; somebody else may have done it just now."""
        self._switch(getattr(self._connection.compute, STARTS[server.status]), server)

    def stop_server(self, server: Thing) -> None:
        """Let SERVER, which runs, stand still; somebody else may have done it just now."""
        self._switch(self._connection.compute.stop_server, server)

    def _switch(self, action: Callable[[str], Any], server: Thing) -> None:
        try:
            self.retry(lambda: action(server.id))
        except errors.ERRORS as error:
            if errors.status_of(error) != 409:
                raise

    def create_image(self, server: str, name: str, properties: dict[str, str]) -> str:
        """Ask for an image NAME of the disk of SERVER, and return its id; it is in the making for a while."""

        def existing() -> list[Thing]:
            found = self._all(self._connection.image.images, name=name, owner=self._connection.current_project_id)
            return [image for image in found if properties.items() <= (image.properties or {}).items()]

        create = self._connection.compute.create_server_image
        return str(self._once(existing, lambda: create(server, name, properties)).id)

    # What servers need

    def ensure_keypair(self, deployment: str, public_key: str) -> str:
        name = labels.keypair_name(deployment)
        compute = self._connection.compute

        def ensure() -> None:
            with contextlib.suppress(*errors.MISSING):
                found = compute.get_keypair(name)
                if found.public_key.split()[:2] == public_key.split()[:2]:
                    return
                compute.delete_keypair(name, ignore_missing=True)
            compute.create_keypair(name=name, public_key=public_key.strip(), type="ssh")

        self.retry(ensure)
        return name

    def ensure_security_group(
        self, deployment: str, part: str | None, rules: set[Rule], own: str | None
    ) -> tuple[str, bool]:
        """Return the id of the group for PART of DEPLOYMENT, with just these RULES to let in, and whether it changed.

        own   id of the group that all nodes of the deployment are in; this one's own where it is None
        """
        name = labels.thing_name(deployment, part)
        network = self._connection.network

        def ensure() -> Thing:
            found = [group for group in self.security_groups(deployment) if group.name == name]
            return (found or [network.create_security_group(name=name, description=labels.description(deployment))])[0]

        group = self.retry(ensure)
        return str(group.id), self._ensure_rules(group, rules, own or group.id)

    def _ensure_rules(self, group: Thing, wanted: set[Rule], own: str) -> bool:
        network = self._connection.network
        rules = self._all(network.security_group_rules, security_group_id=group.id)
        found = {rule.id: read_rule(rule, own) for rule in rules}
        missing = wanted - set(found.values())
        extra = [id for id, rule in found.items() if rule is not None and rule not in wanted]
        if missing:
            self._make_rules([{"security_group_id": group.id, **rule.to_request(own)} for rule in missing])
        for id in extra:
            self._delete(functools.partial(network.delete_security_group_rule, id, ignore_missing=True))
        return bool(missing or extra)

    def _make_rules(self, requests: list[dict[str, Any]]) -> None:
        """Make rules by one call; where some of them are there already, each by a call of its own."""
        network = self._connection.network
        try:
            self.retry(lambda: list(network.create_security_group_rules(requests)))
        except errors.ERRORS as error:
            if errors.status_of(error) != 409 or errors.is_quota(error):
                raise
            for request in requests:
                self._make(functools.partial(network.create_security_group_rule, **request))

    def ensure_server_group(self, deployment: str, part: str, policy: str) -> str:
        name = labels.thing_name(deployment, part)

        def ensure() -> Thing:
            found = [group for group in self.server_groups(deployment) if group.name == name]
            return (found or [self._connection.compute.create_server_group(name=name, policies=[policy])])[0]

        return str(self.retry(ensure).id)

    def ensure_network(
        self, deployment: str, part: str, cidr: str, gateway: str | None, within: Mapping[str, Any] | None = None
    ) -> str:
        """Return the id of a network of DEPLOYMENT's own, with a subnet and, given a GATEWAY's id, a router to it.

        within   what else the subnet is asked to have
        """
        name = labels.thing_name(deployment, part)
        mark = {"name": name, "description": labels.description(deployment)}
        client = self._connection.network

        def network() -> Thing:
            found = [each for each in self.own_networks(deployment) if each.name == name]
            return (found or [client.create_network(**mark)])[0]

        made = self.retry(network)

        def subnet() -> Thing:
            found = list(client.subnets(network_id=made.id))
            request = {**mark, "network_id": made.id, "ip_version": 4, "cidr": cidr, **(within or {})}
            return (found or [client.create_subnet(**request)])[0]

        inside = self.retry(subnet)
        if gateway:
            self._ensure_router(deployment, mark, inside.id, gateway)
        return str(made.id)

    def _ensure_router(self, deployment: str, mark: dict[str, str], subnet: str, gateway: str) -> None:
        client = self._connection.network

        def router() -> Thing:
            found = [each for each in self.routers(deployment) if each.name == mark["name"]]
            request = {**mark, "external_gateway_info": {"network_id": gateway}}
            return (found or [client.create_router(**request)])[0]

        made = self.retry(router)

        def interface() -> None:
            ports = client.ports(device_id=made.id)
            inside = {fixed["subnet_id"] for port in ports for fixed in port.fixed_ips or ()}
            if subnet not in inside:
                client.add_interface_to_router(made, subnet)

        self.retry(interface)

    def create_floating_ip(self, pool: str, description: str, port: str) -> None:
        """Take an address from POOL for PORT, which has none."""
        client = self._connection.network
        request = {"floating_network_id": pool, "description": description, "port_id": port}
        self._once(lambda: list(client.ips(port_id=port)), lambda: client.create_ip(**request))

    def move_floating_ip(self, ip: str, port: str) -> None:
        self.retry(lambda: self._connection.network.update_ip(ip, port_id=port))

    def create_volume(self, deployment: str, request: dict[str, Any]) -> None:
        """Ask for a volume, of which there is none with REQUEST's metadata; it may be in the making for a while."""

        def existing() -> list[Thing]:
            return [each for each in self.volumes(deployment) if each.metadata == request["metadata"]]

        self._once(existing, lambda: self._connection.block_storage.create_volume(**request))

    # Deleting

    def delete_volume(self, volume: str) -> None:
        self._delete(lambda: self._connection.block_storage.delete_volume(volume, ignore_missing=True))

    def delete_image(self, image: str) -> None:
        self._delete(lambda: self._connection.image.delete_image(image, ignore_missing=True))

    def delete_floating_ip(self, ip: Thing) -> None:
        self._delete(lambda: self._connection.network.delete_ip(ip.id, ignore_missing=True))

    def delete_server_group(self, group: Thing) -> None:
        self._delete(lambda: self._connection.compute.delete_server_group(group.id, ignore_missing=True))

    def delete_security_group(self, group: Thing) -> None:
        self._delete(lambda: self._connection.network.delete_security_group(group.id, ignore_missing=True))

    def delete_router(self, router: Thing) -> None:
        client = self._connection.network
        for port in self._all(client.ports, device_id=router.id, device_owner="network:router_interface"):
            self._delete(functools.partial(client.remove_interface_from_router, router.id, None, port.id))
        self._delete(lambda: client.delete_router(router.id, ignore_missing=True))

    def delete_network(self, network: Thing) -> None:
        client = self._connection.network
        for port in self._all(client.ports, network_id=network.id):
            # The network service deletes its own ports together with the network.
            if not (port.device_owner or "").startswith("network:"):
                self._delete(functools.partial(client.delete_port, port.id, ignore_missing=True))
        self._delete(lambda: client.delete_network(network.id, ignore_missing=True))

    def delete_keypair(self, deployment: str) -> None:
        name = labels.keypair_name(deployment)
        self._delete(lambda: self._connection.compute.delete_keypair(name, ignore_missing=True))

    # How calls are made

    def _all(self, function: Callable[..., Iterable[Thing]], **query: Any) -> list[Thing]:
        """Return all that FUNCTION lists; a page that fails is asked for again with those before it."""
        return self.retry(lambda: list(function(**query)))

    def _once(self, find: Callable[[], list[Thing]], make: Callable[[], Thing]) -> Thing:
        """Make what is known to be missing, and return it; what FIND finds after a failure that passes was made."""
        tried: list[bool] = []

        def attempt() -> Thing:
            found = find() if tried else []
            tried.append(True)
            return found[0] if found else make()

        return self.retry(attempt)

    def _make(self, function: Callable[[], Made]) -> Made | None:
        """Call FUNCTION, which makes what there can be only one of: that it is there already is success."""
        try:
            return self.retry(function)
        except errors.ERRORS as error:
            if errors.status_of(error) == 409 and not errors.is_quota(error):
                return None
            raise

    def _delete(self, function: Callable[[], Any]) -> None:
        """Call FUNCTION, which deletes something, until nothing holds it any more; gone is success."""
        with contextlib.suppress(*errors.MISSING):
            self._patient(function)
