# SPDX-License-Identifier: Apache-2.0
"""Addresses of who asks. Pure."""

from __future__ import annotations

import ipaddress

# One customer of a network has as many addresses as he likes within this prefix.
_IPV6_CUSTOMER = 64


def is_loopback(host: str) -> bool:
    """Say whether HOST, a name or an address, is this machine."""
    if host.lower() == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def neighbourhood(host: str) -> str:
    """Return as what HOST is counted: its address, of IPv6 the network that one customer has."""
    address = _address(host)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_CUSTOMER), strict=False))
    return str(address or host)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
