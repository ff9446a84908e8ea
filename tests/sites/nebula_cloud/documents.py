# SPDX-License-Identifier: Apache-2.0
"""The documents of OpenNebula's API: written, read, and held against the published schemas."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree

from pyone.bindings import supbind

from tests.sites.nebula_cloud.machines import Machine
from tests.sites.nebula_cloud.things import Group, Image, Network, Template, Thing

# Attributes that describe a machine; what else a template says belongs to its user.
VM_ATTRIBUTES = {"NAME", "CPU", "VCPU", "MEMORY", "DISK", "NIC", "CONTEXT", "OS", "GRAPHICS", "FEATURES"}

# What a document says of a network and of an image besides what they are here; none of it is read.
NETWORK: dict[str, Any] = {
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
IMAGE: dict[str, Any] = {
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


def valid(answer: Any) -> Any:
    if isinstance(answer, str):
        assert not strange(answer), strange(answer)
    return answer


def attributes_of(template: str) -> dict[str, list[Any]]:
    """Return the attributes of an XML template, each a list of texts and of dictionaries."""
    found: dict[str, list[Any]] = {}
    for element in ElementTree.fromstring(template):
        value = {child.tag: child.text or "" for child in element} if len(element) else (element.text or "")
        found.setdefault(element.tag, []).append(value)
    return found


def pool(name: str, elements: Iterable[ElementTree.Element]) -> str:
    whole = ElementTree.Element(name)
    whole.extend(elements)
    return ElementTree.tostring(whole, encoding="unicode")


def network(number: int, one: Network) -> ElementTree.Element:
    template = {"SECURITY_GROUPS": one.security_groups}
    found = {**_owned(number, one), **NETWORK, "STATE": one.state, "TEMPLATE": template, "AR_POOL": {}}
    return element("VNET", found)


def image(number: int, one: Image) -> ElementTree.Element:
    said = {
        "TYPE": one.type,
        "PERSISTENT": int(one.persistent),
        "SIZE": one.size,
        "STATE": one.seen_state,
        "RUNNING_VMS": len(one.users),
        "TEMPLATE": one.attributes,
    }
    return element("IMAGE", {**_owned(number, one), **IMAGE, **said})


def template(number: int, one: Template) -> ElementTree.Element:
    return element("VMTEMPLATE", {**_owned(number, one), "REGTIME": 1, "TEMPLATE": one.attributes})


def group(number: int, one: Group) -> ElementTree.Element:
    lists = {
        "UPDATED_VMS": {"ID": sorted(one.updated)},
        "OUTDATED_VMS": {"ID": sorted(one.outdated)},
        "UPDATING_VMS": {"ID": sorted(one.updating)},
        "ERROR_VMS": {"ID": sorted(one.error)},
    }
    return element("SECURITY_GROUP", {**_owned(number, one), **lists, "TEMPLATE": one.attributes})


def machine(one: Machine, owner: Thing) -> ElementTree.Element:
    state, lcm = one.state
    system = {name: values for name, values in one.attributes.items() if name in VM_ATTRIBUTES - {"NAME"}}
    own = {name: values for name, values in one.attributes.items() if name not in VM_ATTRIBUTES}
    return element(
        "VM",
        {
            **_owned(one.id, owner),
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
            "TEMPLATE": {**system, "TM_MAD_SYSTEM": "ssh", "VMID": one.id},
            "USER_TEMPLATE": own,
            "HISTORY_RECORDS": {},
            "BACKUPS": {"BACKUP_CONFIG": {}, "BACKUP_IDS": {}},
        },
    )


def user(quota: dict[str, int], default: dict[str, int], used: dict[str, float]) -> str:
    """Return the document of the user, with the limits QUOTA, those by DEFAULT, and what is USED of them."""
    found = {
        "ID": 2,
        "GID": 1,
        "GROUPS": {"ID": 1},
        "GNAME": "users",
        "NAME": "ci",
        "PASSWORD": "",
        "AUTH_DRIVER": "core",
        "ENABLED": 1,
        "TEMPLATE": {},
        "VM_QUOTA": {"VM": _quota(quota, used)},
        "DEFAULT_USER_QUOTAS": {"VM_QUOTA": {"VM": _quota(default, used)} if default else {}},
    }
    return ElementTree.tostring(element("USER", found), encoding="unicode")


def _quota(limits: dict[str, int], used: dict[str, float]) -> dict[str, float]:
    names = list(inspect.signature(supbind.VMType21.__init__).parameters)[1:-2]
    kinds = [name for name in names if not name.endswith("_USED")]
    return {
        name: amount
        for kind in kinds
        for name, amount in ((kind, limits.get(kind, -2)), (f"{kind}_USED", used.get(kind, 0)))
    }


def _owned(number: int, thing: Thing) -> dict[str, Any]:
    rights = {f"{who}_{what}": 1 if who == "OWNER" else 0 for who in ("OWNER", "GROUP", "OTHER") for what in "UMA"}
    if thing.owner != "ci":
        rights["OTHER_U"] = 1
    return {
        "ID": number,
        "UID": thing.uid,
        "GID": thing.gid,
        "UNAME": thing.owner,
        "GNAME": "oneadmin" if thing.gid == 0 else "users",
        "NAME": thing.name,
        "PERMISSIONS": rights,
    }


def element(name: str, fields: Any) -> ElementTree.Element:
    found = ElementTree.Element(name)
    if not isinstance(fields, dict):
        found.text = str(fields)
        return found
    for key, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            found.append(element(key, item))
    return found
