# SPDX-License-Identifier: Apache-2.0
"""A server that answers OpenNebula's XML-RPC API as it is documented: it keeps state and checks what it is sent.

No package of the real one can be installed here. Its answers are read by pyone's bindings, which are generated
from the published schemas, and `strange` holds every answer against them: no element is missing, unknown or misplaced.
Machines go through the states of a real one, faster. What a user may not say, and which rules a security group may
have, is as a real one has it by default.
"""

from __future__ import annotations

import inspect
import ipaddress
import re
import threading
import time
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree
from xmlrpc.client import dumps, loads

from pyone.bindings import supbind

AUTHENTICATION, AUTHORIZATION, NO_EXISTS, ACTION, API, INTERNAL = 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000

# (STATE, LCM_STATE) of a machine that starts, step by step; PENDING, PROLOG, BOOT, RUNNING.
START = [(1, 0), (3, 1), (3, 2), (3, 3)]
RUNNING, BOOT_FAILURE, EPILOG, POWEROFF, DONE = (3, 3), (3, 36), (3, 11), (8, 0), (6, 0)
SHUTDOWN_POWEROFF = (3, 18)

RESTRICTED = {"DISK": {"ORIGINAL_SIZE", "SIZE_PREV", "TOTAL_IOPS_SEC"}, "NIC": {"MAC", "VLAN_ID", "BRIDGE", "FILTER"}}

# Attributes that describe a machine; what else a template says belongs to its user.
VM_ATTRIBUTES = {"NAME", "CPU", "VCPU", "MEMORY", "DISK", "NIC", "CONTEXT", "OS", "GRAPHICS", "FEATURES"}
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
    "template.instantiate": [int, str, bool, str, bool],
    "secgroup.allocate": [str],
    "secgroup.update": [int, str, int],
    "secgroup.delete": [int],
}


class Refused(Exception):
    """The API's answer that something cannot be done."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Machine:
    """A virtual machine; `wanted` is the sequence of states that it goes through, one each STEP seconds."""

    def __init__(self, number: int, attributes: dict[str, list[t.Any]], path: list[tuple[int, int]], step: float):
        self.id = number
        self.attributes = attributes
        self.step = step
        self.path = path
        self.since = time.monotonic()

    def go(self, path: list[tuple[int, int]]) -> None:
        self.path, self.since = path, time.monotonic()

    @property
    def state(self) -> tuple[int, int]:
        passed = int((time.monotonic() - self.since) / self.step) if self.step else len(self.path)
        return self.path[min(passed, len(self.path) - 1)]


class Nebula:
    """The server. `faults` says what happens to the next calls of a method.

    500: it answers so and does nothing. lost: it does it, and answers 502. boot: the machine fails to boot.
    """

    def __init__(self, step: float = 0.05, quota: dict[str, int] | None = None) -> None:
        self.lock = threading.RLock()
        self.step = step
        self.quota = {"CPU": -2, "MEMORY": -2, "VMS": -2, **(quota or {})}
        self.machines: dict[int, Machine] = {}
        self.groups: dict[int, dict[str, list[t.Any]]] = {}
        self.networks = {0: ("private", "10.0.0."), 1: ("public", "192.0.2.")}
        self.images = {0: "Debian 13", 7: "Rocky 9"}
        self.templates = {3: ("worker", {"DISK": [{"IMAGE_ID": "7", "SIZE": "2048"}], "CPU": ["1"], "MEMORY": ["128"]})}
        self.default_quota: dict[str, int] = {}
        self.faults: dict[str, list[t.Any]] = {}
        self.calls: list[str] = []
        self.next_id = 10
        self.next_address = 10
        handler = type("Handler", (_Handler,), {"nebula": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}/RPC2"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def alive(self) -> list[Machine]:
        return [machine for machine in self.machines.values() if machine.state != DONE]

    def answer(self, method: str, arguments: tuple[t.Any, ...]) -> tuple[t.Any, ...]:
        """Return the API's answer: (True, value, 0), or (False, message, code)."""
        name = method.removeprefix("one.")
        self.calls.append(name)
        try:
            if name not in SIGNATURES:
                raise Refused(INTERNAL, f"RPC method '{method}' not defined")
            session, *given = arguments
            if session != "ci:secret":
                raise Refused(AUTHENTICATION, f"[{method}] User couldn't be authenticated, aborting call.")
            self._check(method, given, SIGNATURES[name])
            with self.lock:
                return (True, _valid(getattr(self, name.replace(".", "_"))(*given)), 0)
        except Refused as error:
            return (False, str(error), error.code)

    def _check(self, method: str, given: list[t.Any], expected: list[type]) -> None:
        if len(given) < len(expected) or any(type(a) is not kind for a, kind in zip(given, expected, strict=False)):
            raise Refused(API, f"[{method}] Parse error: expected {[kind.__name__ for kind in expected]}, got {given}")

    # Pools

    def vmpool_infoextended(self, _filter: int, _start: int, _end: int, state: int) -> str:
        assert state == -1
        return _pool("VM_POOL", [self._vm(machine) for machine in self.alive()])

    def vnpool_info(self, *_range: int) -> str:
        return _pool(
            "VNET_POOL",
            [
                _element("VNET", {**_owner(number, name), **NETWORK, "TEMPLATE": {}, "AR_POOL": {}})
                for number, (name, _) in self.networks.items()
            ],
        )

    def imagepool_info(self, *_range: int) -> str:
        found = [_element("IMAGE", {**_owner(number, name), **IMAGE}) for number, name in self.images.items()]
        return _pool("IMAGE_POOL", found)

    def templatepool_info(self, *_range: int) -> str:
        found = [
            _element("VMTEMPLATE", {**_owner(number, name), "REGTIME": 1, "TEMPLATE": attributes})
            for number, (name, attributes) in self.templates.items()
        ]
        return _pool("VMTEMPLATE_POOL", found)

    def secgrouppool_info(self, *_range: int) -> str:
        found = [
            _element(
                "SECURITY_GROUP",
                {
                    **_owner(number, attributes["NAME"][0]),
                    **{f"{what}_VMS": {} for what in ("UPDATED", "OUTDATED", "UPDATING", "ERROR")},
                    "TEMPLATE": _without(attributes, "NAME"),
                },
            )
            for number, attributes in self.groups.items()
        ]
        return _pool("SECURITY_GROUP_POOL", found)

    def user_info(self, number: int) -> str:
        assert number == -1
        user = {
            "ID": 2,
            "GID": 1,
            "GROUPS": {"ID": 1},
            "GNAME": "users",
            "NAME": "ci",
            "PASSWORD": "",
            "AUTH_DRIVER": "core",
            "ENABLED": 1,
            "TEMPLATE": {},
            "VM_QUOTA": {"VM": self._quota(self.quota)},
            "DEFAULT_USER_QUOTAS": {"VM_QUOTA": {"VM": self._quota(self.default_quota)} if self.default_quota else {}},
        }
        return ElementTree.tostring(_element("USER", user), encoding="unicode")

    def _quota(self, limits: dict[str, int]) -> dict[str, float]:
        used = self._used()
        names = list(inspect.signature(supbind.VMType21.__init__).parameters)[1:-2]
        kinds = [name for name in names if not name.endswith("_USED")]
        return {
            name: amount
            for kind in kinds
            for name, amount in ((kind, limits.get(kind, -2)), (f"{kind}_USED", used.get(kind, 0)))
        }

    def _used(self) -> dict[str, float]:
        alive = self.alive()
        return {
            "CPU": sum(float(machine.attributes["CPU"][0]) for machine in alive),
            "MEMORY": sum(int(machine.attributes["MEMORY"][0]) for machine in alive),
            "VMS": len(alive),
        }

    # Machines

    def vm_allocate(self, template: str, hold: bool) -> int:
        said = _attributes(template)
        self._require_unrestricted(said, "one.vm.allocate")
        return self._new(said, hold, "one.vm.allocate")

    def template_instantiate(self, number: int, name: str, hold: bool, extra: str, _persistent: bool) -> int:
        if number not in self.templates:
            raise Refused(NO_EXISTS, f"[one.template.instantiate] Error getting template [{number}].")
        said = _attributes(extra)
        self._require_unrestricted(said, "one.template.instantiate")
        return self._new({**self.templates[number][1], **said, "NAME": [name]}, hold, "one.template.instantiate")

    def _require_unrestricted(self, attributes: dict[str, list[t.Any]], method: str) -> None:
        for name, parts in RESTRICTED.items():
            for part in parts:
                if any(part in value for value in attributes.get(name, [])):
                    raise Refused(
                        AUTHORIZATION, f"[{method}] VM Template includes a restricted attribute {name}/{part}."
                    )

    def _new(self, attributes: dict[str, list[t.Any]], hold: bool, method: str) -> int:
        self._require_right(attributes, method)
        path = START
        if "boot" in self.faults.get("vm", []):
            self.faults["vm"].remove("boot")
            path = [*START[:-1], BOOT_FAILURE]
            attributes["ERROR"] = ["Error booting: no such bridge"]
        for number, nic in enumerate(attributes["NIC"]):
            nic |= {"NIC_ID": str(number), "IP": self._address(int(nic["NETWORK_ID"])), "MAC": "02:00:00:00:00:01"}
        self.next_id += 1
        self.machines[self.next_id] = Machine(self.next_id, attributes, [(2, 0)] if hold else path, self.step)
        return self.next_id

    def _require_right(self, attributes: dict[str, list[t.Any]], method: str) -> None:
        for name in ("NAME", "CPU", "MEMORY"):
            if not attributes.get(name):
                raise Refused(INTERNAL, f"[{method}] {name} attribute must be defined")
        if float(attributes["CPU"][0]) <= 0 or int(attributes["MEMORY"][0]) <= 0:
            raise Refused(INTERNAL, f"[{method}] CPU and MEMORY must be positive")
        for disk in attributes.get("DISK", []):
            if "IMAGE_ID" in disk and int(disk["IMAGE_ID"]) not in self.images:
                raise Refused(INTERNAL, f"[{method}] Image with ID {disk['IMAGE_ID']} does not exist")
        for nic in attributes.get("NIC", []):
            if int(nic["NETWORK_ID"]) not in self.networks:
                raise Refused(INTERNAL, f"[{method}] Cannot get IP/MAC lease from virtual network")
            if any(int(group) not in self.groups for group in nic.get("SECURITY_GROUPS", "").split(",") if group):
                raise Refused(INTERNAL, f"[{method}] Security group does not exist")
        self._require_quota(attributes, method)

    def _require_quota(self, attributes: dict[str, list[t.Any]], method: str) -> None:
        used = self._used()
        asked = {"CPU": float(attributes["CPU"][0]), "MEMORY": int(attributes["MEMORY"][0]), "VMS": 1}
        for kind, limit in self.quota.items():
            if limit >= 0 and used[kind] + asked[kind] > limit:
                raise Refused(
                    AUTHORIZATION, f"[{method}] user [2]: limit of {limit} reached for {kind} quota in VM template."
                )

    def _address(self, network: int) -> str:
        self.next_address += 1
        return f"{self.networks[network][1]}{self.next_address}"

    def vm_action(self, action: str, number: int) -> int:
        machine = self._machine(number, "one.vm.action")
        state = machine.state
        if action == "resume" and state[0] in (4, 5, 8, 9):
            machine.go(START[2:])
        elif action == "poweroff" and state == RUNNING:
            machine.go([SHUTDOWN_POWEROFF, POWEROFF])
        elif action == "terminate-hard" and state == START[0]:
            machine.go([DONE])
        elif action == "terminate-hard" and state not in (*START[1:-1], EPILOG):
            machine.go([EPILOG, DONE])
        else:
            raise Refused(ACTION, f'[one.vm.action] Error performing action "{action}": wrong state {state}')
        return number

    def vm_recover(self, number: int, operation: int) -> int:
        machine = self._machine(number, "one.vm.recover")
        if operation != 3:
            raise Refused(ACTION, "[one.vm.recover] Wrong recovery operation code")
        if machine.state == EPILOG:
            raise Refused(ACTION, "[one.vm.recover] Cannot delete, it is not in a recoverable state")
        machine.go([DONE])
        return number

    def _machine(self, number: int, method: str) -> Machine:
        machine = self.machines.get(number)
        if machine is None or machine.state == DONE:
            raise Refused(NO_EXISTS, f"[{method}] Error getting virtual machine [{number}].")
        return machine

    def _vm(self, machine: Machine) -> ElementTree.Element:
        state, lcm = machine.state
        system = {name: values for name, values in machine.attributes.items() if name in VM_ATTRIBUTES - {"NAME"}}
        own = {name: values for name, values in machine.attributes.items() if name not in VM_ATTRIBUTES}
        return _element(
            "VM",
            {
                **_owner(machine.id, machine.attributes["NAME"][0]),
                "LAST_POLL": 0,
                "STATE": state,
                "LCM_STATE": lcm,
                "PREV_STATE": state,
                "PREV_LCM_STATE": lcm,
                "RESCHED": 0,
                "STIME": 1,
                "ETIME": 0,
                "DEPLOY_ID": "",
                "MONITORING": {},
                "SCHED_ACTIONS": {},
                "TEMPLATE": {**system, "TM_MAD_SYSTEM": "ssh", "VMID": machine.id},
                "USER_TEMPLATE": own,
                "HISTORY_RECORDS": {},
                "BACKUPS": {"BACKUP_CONFIG": {}, "BACKUP_IDS": {}},
            },
        )

    # Security groups

    def secgroup_allocate(self, template: str) -> int:
        attributes = _attributes(template)
        name = attributes["NAME"][0]
        if any(known["NAME"][0] == name for known in self.groups.values()):
            raise Refused(INTERNAL, "[one.secgroup.allocate] NAME is already taken by SECURITY_GROUP.")
        for rule in attributes.get("RULE", []):
            self._require_rule(rule)
        self.next_id += 1
        self.groups[self.next_id] = attributes
        return self.next_id

    def _require_rule(self, rule: dict[str, str]) -> None:
        protocol = rule.get("PROTOCOL", "").upper()
        wrong = [
            protocol not in ("TCP", "UDP", "ICMP", "ICMPV6", "IPSEC", "ALL"),
            rule.get("RULE_TYPE", "").upper() not in ("INBOUND", "OUTBOUND"),
            "RANGE" in rule and (protocol not in ("TCP", "UDP") or not _is_range(rule["RANGE"])),
            "IP" in rule and not (_is_address(rule["IP"]) and rule.get("SIZE", "").isdigit()),
            int(rule.get("SIZE", 0)) >= 2**32,
            not rule.get("NETWORK_ID", "0").isdigit(),
        ]
        if any(wrong):
            raise Refused(INTERNAL, f"[one.secgroup.allocate] Wrong rule {rule}")

    def secgroup_update(self, number: int, template: str, kind: int) -> int:
        if number not in self.groups or kind != 0:
            raise Refused(NO_EXISTS, f"[one.secgroup.update] Error getting security group [{number}].")
        attributes = _attributes(template)
        for rule in attributes.get("RULE", []):
            self._require_rule(rule)
        self.groups[number] = {"NAME": self.groups[number]["NAME"], **attributes}
        return number

    def secgroup_delete(self, number: int) -> int:
        if number not in self.groups:
            raise Refused(NO_EXISTS, f"[one.secgroup.delete] Error getting security group [{number}].")
        using = [
            machine.id
            for machine in self.alive()
            for nic in machine.attributes["NIC"]
            if str(number) in nic.get("SECURITY_GROUPS", "").split(",")
        ]
        if using:
            raise Refused(ACTION, f"[one.secgroup.delete] The security group is in use by {using}")
        del self.groups[number]
        return number


class _Handler(BaseHTTPRequestHandler):
    nebula: Nebula

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        arguments, method = loads(body)
        assert method is not None
        name = method.removeprefix("one.")
        faults = self.nebula.faults.get(name, [])
        fault = faults.pop(0) if faults else None
        if fault == 500:
            self.nebula.calls.append(name)
            self._send(500, b"oned is busy")
            return
        answer = self.nebula.answer(method, arguments)
        if fault == "lost":
            self._send(502, b"the answer was lost")
            return
        self._send(200, dumps((list(answer),), methodresponse=True, allow_none=False).encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: t.Any) -> None:
        """Say nothing."""


# What a document says of a network and of an image besides its name; none of it is read.
NETWORK: dict[str, t.Any] = {
    "CLUSTERS": {"ID": 0},
    "BRIDGE": "br0",
    "STATE": 1,
    "PREV_STATE": 1,
    "PARENT_NETWORK_ID": "",
    "TEMPLATE_ID": "",
    "VN_MAD": "bridge",
    "PHYDEV": "",
    "VLAN_ID_AUTOMATIC": 0,
    "OUTER_VLAN_ID_AUTOMATIC": 0,
    "USED_LEASES": 0,
    **{name: {} for name in ("VROUTERS", "UPDATED_VMS", "OUTDATED_VMS", "UPDATING_VMS", "ERROR_VMS")},
}
IMAGE: dict[str, t.Any] = {
    **dict.fromkeys(("TYPE", "DISK_TYPE", "PERSISTENT", "REGTIME", "MODTIME"), 0),
    **dict.fromkeys(("SOURCE", "PATH", "FORMAT", "FS"), ""),
    "SIZE": 2048,
    "STATE": 1,
    **dict.fromkeys(("PREV_STATE", "RUNNING_VMS", "CLONING_OPS", "CLONING_ID", "TARGET_SNAPSHOT"), 0),
    "DATASTORE_ID": 1,
    "DATASTORE": "default",
    **{name: {} for name in ("VMS", "CLONES", "APP_CLONES", "TEMPLATE")},
    "SNAPSHOTS": {"ALLOW_ORPHANS": "no", "CURRENT_BASE": -1, "NEXT_SNAPSHOT": 0},
    "BACKUP_INCREMENTS": {},
}

# What the schemas let be absent; all other elements that the bindings know must be there.
OPTIONAL = {
    "VM": {"LOCK", "SNAPSHOTS"},
    "VNET": {"LOCK", "BRIDGE_TYPE", "VLAN_ID", "OUTER_VLAN_ID"},
    "IMAGE": {"LOCK", "BACKUP_DISK_IDS"},
    "VMTEMPLATE": {"LOCK"},
    "USER": {"LOGIN_TOKEN", "DATASTORE_QUOTA", "NETWORK_QUOTA", "VM_QUOTA", "IMAGE_QUOTA"},
}


def strange(document: str) -> list[str]:
    """Return what of an answer's DOCUMENT is not as the bindings, made of the published schemas, have it."""
    root = ElementTree.fromstring(document)
    entries = list(root) if root.tag.endswith("_POOL") else [root]
    return [problem for entry in entries for problem in _strange(entry)]


def _strange(entry: ElementTree.Element) -> list[str]:
    known = [name for name in inspect.signature(getattr(supbind, entry.tag).__init__).parameters if name.isupper()]
    found = [child.tag for child in entry]
    places = [known.index(name) for name in found if name in known]
    return [
        *(f"{entry.tag} has no {name}" for name in known if name not in (*found, *OPTIONAL.get(entry.tag, ()))),
        *(f"{entry.tag} has an unknown {name}" for name in found if name not in known),
        *([f"the elements of {entry.tag} are in disorder"] if places != sorted(places) else []),
        *(problem for child in entry if child.tag == "PERMISSIONS" for problem in _strange(child)),
    ]


def _valid(answer: t.Any) -> t.Any:
    if isinstance(answer, str):
        assert not strange(answer), strange(answer)
    return answer


def _is_range(text: str) -> bool:
    return bool(re.fullmatch(r"(\d+(:\d+)?)(,\d+(:\d+)?)*", text)) and max(map(int, re.findall(r"\d+", text))) < 65536


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _attributes(template: str) -> dict[str, list[t.Any]]:
    """Return the attributes of an XML template, each a list of texts and of dictionaries."""
    found: dict[str, list[t.Any]] = {}
    for element in ElementTree.fromstring(template):
        value = {child.tag: child.text or "" for child in element} if len(element) else (element.text or "")
        found.setdefault(element.tag, []).append(value)
    return found


def _without(attributes: dict[str, list[t.Any]], name: str) -> dict[str, list[t.Any]]:
    return {key: value for key, value in attributes.items() if key != name}


def _owner(number: int, name: str) -> dict[str, t.Any]:
    rights = {f"{who}_{what}": 1 if who == "OWNER" else 0 for who in ("OWNER", "GROUP", "OTHER") for what in "UMA"}
    return {"ID": number, "UID": 2, "GID": 1, "UNAME": "ci", "GNAME": "users", "NAME": name, "PERMISSIONS": rights}


def _element(name: str, fields: t.Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if not isinstance(fields, dict):
        element.text = str(fields)
        return element
    for key, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            element.append(_element(key, item))
    return element


def _pool(name: str, elements: list[ElementTree.Element]) -> str:
    pool = ElementTree.Element(name)
    pool.extend(elements)
    return ElementTree.tostring(pool, encoding="unicode")
