# SPDX-License-Identifier: Apache-2.0
"""What oned lets a user say: restricted attributes, sizes of disks, and rules of security groups. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from tests.sites.nebula_cloud.refusals import INTERNAL, Refused, unauthorized
from tests.sites.nebula_cloud.things import Attributes, Image

# A selection of those that oned.conf names by default.
RESTRICTED = {
    "CONTEXT": {"FILES"},
    "DISK": {"ORIGINAL_SIZE", "SIZE_PREV", "TOTAL_IOPS_SEC", "TOTAL_BYTES_SEC"},
    "NIC": {"MAC", "VLAN_ID", "BRIDGE", "FILTER", "INBOUND_AVG_BW"},
    "RAW": {"DATA"},
}


def require_unrestricted(said: Attributes) -> None:
    """Refuse a template of the user's own that says what only an administrator may."""
    for name, parts in RESTRICTED.items():
        for part in sorted(parts):
            if any(part in value for value in said.get(name, [])):
                raise unauthorized(f"VM Template includes a restricted attribute {part}")


def require_as_template(said: Attributes, template: Attributes) -> None:
    """Refuse what the user says beside TEMPLATE where that changes, drops or adds a restricted value."""
    for name, parts in RESTRICTED.items():
        if name in said and _restricted(said, name, parts) != _restricted(template, name, parts):
            raise unauthorized(f"User Template includes a restricted attribute {name}")


def _restricted(attributes: Attributes, name: str, parts: set[str]) -> list[str]:
    return sorted(f"{part}={value[part]}" for value in attributes.get(name, []) for part in parts if part in value)


def merged(template: Attributes, said: Attributes) -> Attributes:
    """Return TEMPLATE with what the user says in its place: all of a name goes when he says one of that name."""
    return {**template, **said}


def require_disk(disk: dict[str, str], number: int, image: Image) -> None:
    if image.type > 2:
        raise Refused(INTERNAL, f"Image {number} ({image.name}) cannot be used as DISK.")
    if image.state not in (1, 2, 4, 8, 9, 10):
        raise Refused(INTERNAL, f"Cannot acquire image {number}, it is in state: {image.state}")
    if image.persistent and image.users:
        raise Refused(INTERNAL, f"Cannot acquire image {number}, it is persistent and already in use")
    size = int(disk.get("SIZE", image.size))
    if image.persistent and size != image.size:
        raise Refused(INTERNAL, f"SIZE attribute is not supported for persistent image [{number}].")
    if size < image.size:
        raise Refused(INTERNAL, f"SIZE of {size}MB is less than the image [{number}] size of {image.size}MB.")


def require_volatile(disk: dict[str, str]) -> None:
    if disk.get("TYPE", "").upper() not in ("FS", "SWAP"):
        raise Refused(INTERNAL, f"Unknown disk type {disk.get('TYPE', '').upper()}")
    if int(disk.get("SIZE", 0)) <= 0:
        raise Refused(INTERNAL, "SIZE attribute must be a positive integer value.")


def require_rule(rule: dict[str, str]) -> None:
    """Refuse a RULE that no security group may have."""
    protocol = rule.get("PROTOCOL", "").upper()
    if protocol not in ("TCP", "UDP", "ICMP", "ICMPV6", "IPSEC", "ALL"):
        raise Refused(INTERNAL, "Wrong PROTOCOL in rule. Valid options: TCP, UDP, ICMP, ICMPV6, IPSEC, ALL.")
    if rule.get("RULE_TYPE", "").upper() not in ("INBOUND", "OUTBOUND"):
        raise Refused(INTERNAL, "Wrong RULE_TYPE in rule. Valid options: INBOUND, OUTBOUND.")
    if rule.get("RANGE"):
        _require_range(rule["RANGE"], protocol)
    if rule.get("IP"):
        if not rule.get("SIZE", "").isdigit() or int(rule["SIZE"]) >= 2**32:
            raise Refused(INTERNAL, "Wrong or empty SIZE.")
        _require_address(rule["IP"])
    elif not rule.get("NETWORK_ID", "0").isdigit():
        raise Refused(INTERNAL, "Wrong NETWORK_ID.")


def _require_range(text: str, protocol: str) -> None:
    if protocol not in ("TCP", "UDP"):
        raise Refused(INTERNAL, "RANGE is supported only for TCP and UDP protocols.")
    if not re.fullmatch(r"(\d+(:\d+)?)(,\d+(:\d+)?)*", text):
        raise Refused(INTERNAL, "Invalid RANGE specification.")
    ports = [[int(port) for port in part.split(":")] for part in text.split(",")]
    if any(part[-1] > 65535 for part in ports):
        raise Refused(INTERNAL, "RANGE out of bounds 0-65536.")
    if any(part[-1] < part[0] for part in ports):
        raise Refused(INTERNAL, "RANGE BEGIN value is greater than RANGE END value")
    if sum(map(len, ports)) > 15:
        raise Refused(INTERNAL, "Not more than 15 ports can be specified in a RULE")


def _require_address(text: str) -> None:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise Refused(INTERNAL, "Wrong format for IP value.") from None


def without_duplicates(rules: list[Any]) -> list[Any]:
    return [rule for place, rule in enumerate(rules) if rule not in rules[:place]]
