# SPDX-License-Identifier: Apache-2.0
"""The cloud: what there is, and the calls that change it, as the user `ci`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from tests.sites.nebula_cloud import documents, rules
from tests.sites.nebula_cloud.endpoint import Endpoint
from tests.sites.nebula_cloud.firewall import Firewall
from tests.sites.nebula_cloud.machines import (
    BOOT_FAILURE,
    DONE,
    HOLD,
    PENDING,
    POWEROFF,
    RUNNING,
    SAVING,
    SAVING_POWEROFF,
    SHUTDOWN_POWEROFF,
    START,
    STOPPED,
    Machine,
)
from tests.sites.nebula_cloud.refusals import ACTION, API, AUTHENTICATION, INTERNAL, NO_EXISTS, Refused, unauthorized
from tests.sites.nebula_cloud.things import Attributes, Group, Image, Network, Template, Thing

OWN = -3
SIGNATURES: dict[str, list[type]] = {
    "vmpool.infoextended": [int, int, int, int],
    "vnpool.info": [int, int, int],
    "imagepool.info": [int, int, int],
    "templatepool.info": [int, int, int],
    "secgrouppool.info": [int, int, int],
    "user.info": [int],
    "vm.allocate": [str, bool],
    "vm.action": [str, int],
    "vm.recover": [int, int],
    "vm.disksaveas": [int, int, str, str, int],
    "image.update": [int, str, int],
    "image.delete": [int],
    "template.instantiate": [int, str, bool, str, bool],
    "secgroup.allocate": [str],
    "secgroup.update": [int, str, int],
    "secgroup.commit": [int, bool],
    "secgroup.delete": [int],
}
T = TypeVar("T", bound=Thing)


class Nebula(Firewall):
    """The server. `faults` says what happens to the next calls of a method.

    500: it answers so and does nothing. lost: it does it, and answers 502. boot: the machine fails to boot.

    rights   of what the user may make something
    waits    why the scheduler places no machine; None where it does
    """

    def __init__(self, step: float = 0.05, quota: dict[str, int] | None = None) -> None:
        self.lock = threading.RLock()
        self.step = step
        self.quota = {"CPU": -2, "MEMORY": -2, "VMS": -2, **(quota or {})}
        self.default_quota: dict[str, int] = {}
        self.rights = {"VM", "TEMPLATE", "SECGROUP"}
        self.waits: str | None = None
        self.machines: dict[int, Machine] = {}
        self.groups: dict[int, Group] = {}
        self.networks = {0: Network("private"), 1: Network("public", prefix="192.0.2.")}
        self.images = {0: Image("Debian 13"), 7: Image("Rocky 9")}
        worker = {"DISK": [{"IMAGE_ID": "7", "SIZE": "4096"}], "CPU": ["1"], "MEMORY": ["128"]}
        self.templates = {3: Template("worker", attributes=worker)}
        self.faults: dict[str, list[Any]] = {}
        self.calls: list[str] = []
        self._next = {"image": 20, "vm": 10, "secgroup": 99, "address": 10}
        self._endpoint = Endpoint(self)
        self.endpoint = self._endpoint.url

    def stop(self) -> None:
        self._endpoint.stop()

    def alive(self) -> list[Machine]:
        return [machine for machine in self.machines.values() if machine.state != DONE]

    def answer(self, method: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the API's answer: (True, value, 0), or (False, message, code)."""
        name = method.removeprefix("one.")
        self.calls.append(name)
        try:
            if name not in SIGNATURES:
                raise Refused(INTERNAL, "RPC method not defined")
            session, *given = arguments
            if session != "ci:secret":
                raise Refused(AUTHENTICATION, "User couldn't be authenticated, aborting call.")
            self._check(given, SIGNATURES[name])
            with self.lock:
                self._settle()
                return (True, documents.valid(getattr(self, name.replace(".", "_"))(*given)), 0)
        except Refused as error:
            return (False, f"[{method}] {error}", error.code)

    def _check(self, given: list[Any], expected: list[type]) -> None:
        if len(given) < len(expected) or any(type(a) is not kind for a, kind in zip(given, expected, strict=False)):
            raise Refused(API, f"Parse error: expected {[kind.__name__ for kind in expected]}, got {given}")

    def _settle(self) -> None:
        """Do what oned does by itself meanwhile: let go of what ended, and tell machines the rules of their groups."""
        for machine in self.machines.values():
            if machine.state == DONE and not machine.released:
                machine.released = True
                for group in self.groups.values():
                    group.release(machine.id)
                for image in self.images.values():
                    image.users.discard(machine.id)
        for group in self.groups.values():
            group.spread()

    # Pools: newest first, which is how oned.conf has it by default

    def vmpool_infoextended(self, flag: int, _start: int, _end: int, state: int) -> str:
        assert (flag, state) == (OWN, -1)
        found = sorted(self.alive(), key=lambda machine: -machine.id)
        seen = [documents.machine(one, Thing(one.attributes["NAME"][0], "ci")) for one in found]
        return documents.pool("VM_POOL", seen)

    def vnpool_info(self, flag: int = -2, *_range: int) -> str:
        return _pool("VNET", self.networks, flag, documents.network)

    def imagepool_info(self, flag: int = -2, *_range: int) -> str:
        return _pool("IMAGE", self.images, flag, documents.image)

    def templatepool_info(self, flag: int = -2, *_range: int) -> str:
        return _pool("VMTEMPLATE", self.templates, flag, documents.template)

    def secgrouppool_info(self, flag: int = OWN, *_range: int) -> str:
        return _pool("SECURITY_GROUP", self.groups, flag, documents.group)

    def user_info(self, number: int) -> str:
        assert number == -1
        return documents.user(self.quota, self.default_quota, self._used())

    def _used(self) -> dict[str, float]:
        alive = self.alive()
        return {
            "CPU": sum(float(machine.attributes["CPU"][0]) for machine in alive),
            "MEMORY": sum(int(machine.attributes["MEMORY"][0]) for machine in alive),
            "VMS": len(alive),
        }

    # Machines

    def vm_allocate(self, template: str, hold: bool) -> int:
        said = documents.attributes_of(template)
        rules.require_unrestricted(said)
        self._require_right("VM")
        return self._new(said, hold)

    def template_instantiate(self, number: int, name: str, hold: bool, extra: str, _persistent: bool) -> int:
        if number not in self.templates:
            raise Refused(NO_EXISTS, f"Error getting virtual machine template [{number}].")
        template = self.templates[number]
        said = documents.attributes_of(extra) if extra else {}
        rules.require_as_template(said, template.attributes)
        if said:
            self._require_right("TEMPLATE")
        return self._new({**rules.merged(template.attributes, said), "NAME": [name]}, hold)

    def _new(self, attributes: Attributes, hold: bool) -> int:
        attributes = {name: [dict(v) if isinstance(v, dict) else v for v in vs] for name, vs in attributes.items()}
        self._require_sense(attributes)
        self._require_quota(attributes)
        number = self._number("vm")
        self._give_disks(attributes, number)
        self._give_interfaces(attributes, number)
        self.machines[number] = Machine(number, attributes, self._path(attributes, hold), self.step)
        return number

    def _path(self, attributes: Attributes, hold: bool) -> list[tuple[int, int]]:
        if hold:
            return [HOLD]
        if self.waits:
            attributes["SCHED_MESSAGE"] = [f"{time.asctime()} : {self.waits}"]
            return [PENDING]
        broken = any(self.networks[int(nic["NETWORK_ID"])].state != 1 for nic in attributes["NIC"])
        if broken or "boot" in self.faults.get("vm", []):
            if not broken:
                self.faults["vm"].remove("boot")
            attributes["ERROR"] = [f"{time.asctime()} : Error booting: no such bridge"]
            return [*START[:-1], BOOT_FAILURE]
        return START

    def _require_sense(self, attributes: Attributes) -> None:
        for name in ("NAME", "CPU", "MEMORY"):
            if not attributes.get(name):
                raise Refused(INTERNAL, f"{name} attribute must be defined")
        if float(attributes["CPU"][0]) <= 0 or int(attributes["MEMORY"][0]) <= 0:
            raise Refused(INTERNAL, "CPU and MEMORY must be positive")
        for disk in attributes.get("DISK", []):
            if "IMAGE_ID" in disk and int(disk["IMAGE_ID"]) not in self.images:
                raise Refused(INTERNAL, f"Image with ID: {disk['IMAGE_ID']} does not exist")
        for nic in attributes.get("NIC", []):
            if int(nic["NETWORK_ID"]) not in self.networks:
                raise Refused(INTERNAL, f"Virtual network with ID: {nic['NETWORK_ID']} does not exist")
            for group in nic.get("SECURITY_GROUPS", "").split(","):
                if group and int(group) not in (0, *self.groups):
                    raise Refused(INTERNAL, f"Security group {group} does not exist")

    def _require_quota(self, attributes: Attributes) -> None:
        used = self._used()
        asked = {"CPU": float(attributes["CPU"][0]), "MEMORY": int(attributes["MEMORY"][0]), "VMS": 1}
        for kind, limit in self.quota.items():
            if limit >= 0 and used[kind] + asked[kind] > limit:
                raise unauthorized(f"user [2] limit of {limit} reached for {kind} quota in VM template")

    def _give_disks(self, attributes: Attributes, machine: int) -> None:
        """Give each disk its image, all or none."""
        taken: list[Image] = []
        try:
            for number, disk in enumerate(attributes.get("DISK", [])):
                disk["DISK_ID"] = str(number)
                if "IMAGE_ID" not in disk:
                    rules.require_volatile(disk)
                    continue
                image = self.images[int(disk["IMAGE_ID"])]
                rules.require_disk(disk, int(disk["IMAGE_ID"]), image)
                image.acquire(machine)
                taken.append(image)
                disk |= {"IMAGE": image.name, "ORIGINAL_SIZE": str(image.size)}
                disk.setdefault("SIZE", str(image.size))
        except Refused:
            for image in taken:
                image.users.discard(machine)
            raise

    def _give_interfaces(self, attributes: Attributes, machine: int) -> None:
        for number, nic in enumerate(attributes.get("NIC", [])):
            network = self.networks[int(nic["NETWORK_ID"])]
            groups = {int(group) for group in nic.get("SECURITY_GROUPS", "").split(",") if group}
            groups |= {int(group) for group in network.security_groups.split(",") if group}
            for group in groups - {0}:
                self.groups[group].updated.add(machine)
            nic |= {"NIC_ID": str(number), "IP": self._lease(nic["NETWORK_ID"], network), "MAC": "02:00:00:00:00:01"}
            nic["SECURITY_GROUPS"] = ",".join(map(str, sorted(groups)))

    def _lease(self, number: str, network: Network) -> str:
        if network.leases <= 0:
            raise Refused(INTERNAL, f"Cannot get IP/MAC lease from virtual network {number}.")
        network.leases -= 1
        return f"{network.prefix}{self._number('address')}"

    def vm_action(self, action: str, number: int) -> int:
        machine = self._machine(number)
        state = machine.state
        done = False
        if action == "resume" and state[0] in STOPPED:
            done = machine.act(state, *START[2:])
        elif action == "poweroff" and state == RUNNING:
            done = machine.act(state, SHUTDOWN_POWEROFF, POWEROFF)
        elif action == "terminate-hard":
            done = machine.end()
        if not done:
            raise Refused(ACTION, f'Error performing action "{action}": Could not do that, wrong state {state}.')
        return number

    def vm_disksaveas(self, number: int, disk: int, name: str, _type: str, _snapshot: int) -> int:
        machine = self._machine(number)
        before = machine.state
        if before not in (RUNNING, POWEROFF):
            raise Refused(ACTION, f"Could not save disk {disk} of machine {number}: wrong state {before}.")
        disks = machine.attributes.get("DISK", [])
        if disk >= len(disks) or "IMAGE_ID" not in disks[disk]:
            raise Refused(ACTION, f"Disk {disk} cannot be saved.")
        taken = next((id for id, one in self.images.items() if (one.name, one.owner) == (name, "ci")), None)
        if taken is not None:
            raise Refused(INTERNAL, f"NAME is already taken by IMAGE {taken}.")
        image = self._number("image")
        ready = time.monotonic() + 2 * self.step
        self.images[image] = Image(name, "ci", size=int(disks[disk]["SIZE"]), ready_at=ready)
        machine.go([SAVING_POWEROFF if before == POWEROFF else SAVING, before])
        return image

    def image_update(self, number: int, template: str, merge: int) -> int:
        image = self._image(number)
        image.attributes = {**(image.attributes if merge else {}), **documents.attributes_of(template)}
        return number

    def image_delete(self, number: int) -> int:
        if self._image(number).users:
            raise Refused(ACTION, f"Cannot delete image {number}: it is in use.")
        del self.images[number]
        return number

    def _image(self, number: int) -> Image:
        if number not in self.images:
            raise Refused(NO_EXISTS, f"Error getting image [{number}].")
        if self.images[number].owner != "ci":
            raise unauthorized(f"Not authorized to perform MANAGE IMAGE [{number}]")
        return self.images[number]

    def vm_recover(self, number: int, _operation: int) -> int:
        raise unauthorized(f"Not authorized to perform ADMIN VM [{number}]")

    def _machine(self, number: int) -> Machine:
        if number not in self.machines:
            raise Refused(NO_EXISTS, f"Error getting virtual machine [{number}].")
        return self.machines[number]


def _pool(name: str, things: dict[int, T], flag: int, written: Callable[[int, T], Any]) -> str:
    seen = sorted(number for number, thing in things.items() if flag != OWN or thing.owner == "ci")
    return documents.pool(f"{name}_POOL", [written(number, things[number]) for number in reversed(seen)])
