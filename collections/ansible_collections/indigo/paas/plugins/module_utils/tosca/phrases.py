# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan says, in a person's words: sizes, images, networks, ports, values that are not known yet.

Text from templates comes out as it is; who shows it makes it harmless for where it is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.amounts import amount
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import FUNCTION, SELF, is_call
from ansible_collections.indigo.paas.plugins.module_utils.tosca.jinja import is_jinja, source

_PREFIXES = (
    "tosca.nodes.indigo.LRMS.",
    "tosca.nodes.indigo.",
    "tosca.nodes.",
    "tosca.policies.indigo.",
    "tosca.policies.",
)

Data = Mapping[str, Any]


def size_text(size: Data) -> str:
    """Return the size of a node, such as "2 CPUs, 4 GB memory"; empty when nothing is known."""
    cpus, gpus = size.get("cpus"), size.get("gpus")
    known = [f"{cpus:g} CPU{'s' if cpus != 1 else ''}"] if cpus else []
    known += [f"{amount(size[key])} {key}" for key in ("memory", "disk") if size.get(key)]
    known += [f"{gpus:g} GPU{'s' if gpus != 1 else ''}"] if gpus else []
    known += [f"of type {size['instance_type']}"] if size.get("instance_type") else []
    known += ["preemptible"] if size.get("preemptible") else []
    return ", ".join(known)


def image_text(image: Data) -> str:
    """Return which system the nodes have, such as "debian 13"; empty for the site's default."""
    if image.get("image"):
        return str(image["image"])
    return " ".join(str(image[key]) for key in ("distribution", "version") if image.get(key)) or image.get("type") or ""


def network_text(network: Data) -> str:
    """Return where the nodes can be reached from, such as "public network"."""
    kind = "public network" if network.get("public") else "private network"
    return f"{kind} {network['name']}" if network.get("name") else kind


def ports_text(ports: Iterable[Data]) -> str:
    """Return the open ports, such as "80/tcp, 30000-30100/udp from 10.0.0.0/8"."""
    return ", ".join(map(_port, ports))


def _port(port: Data) -> str:
    numbers = port.get("source_range") or port.get("target_range")
    if numbers:
        first, last = numbers[:2]
        number = f"{first}-{last}"
    else:
        number = str(port.get("source") or port.get("target") or port.get("name"))
    protocol = str(port.get("protocol") or "tcp").lower()
    origin = f" from {port['remote_cidr']}" if port.get("remote_cidr") else ""
    return f"{number}/{protocol}{origin}"


def volume_text(volume: Data) -> str:
    """Return a volume, such as "data (50 GB at /mnt/data)"."""
    told = [amount(volume["size"])] if volume.get("size") else []
    told += [f"at {volume['location']}"] if volume.get("location") else []
    return f"{volume['name']} ({' '.join(told)})" if told else str(volume["name"])


def value_text(value: Any) -> str:
    """Return a value of a plan for people: functions as "fe_server.private_address[0]", texts as they are."""
    if isinstance(value, str):
        return value
    if is_jinja(value):
        return value_text(source(value))
    if is_call(value):
        ((name, arguments),) = value[FUNCTION].items()
        return _call_text(name, arguments)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {value_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(value_text, value)) + "]"
    return json.dumps(value)


def _call_text(name: str, arguments: list[Any]) -> str:
    if name == "concat":
        return "".join(f"<{value_text(item)}>" if is_call(item) else value_text(item) for item in arguments)
    if name == "get_attribute" and len(arguments) > 1:
        return f"{_entity(arguments[0])}.{value_text(arguments[1])}" + "".join(f"[{item}]" for item in arguments[2:])
    return f"{name}({', '.join(map(value_text, arguments))})"


def _entity(entity: Any) -> str:
    """Return whose attribute it is; {"$self": group} is the machine itself."""
    return f"this node of {entity[SELF]}" if isinstance(entity, Mapping) and SELF in entity else value_text(entity)


def short_type(name: str) -> str:
    """Return the end of a type's name that tells it apart, such as "FrontEnd.HTCondor"."""
    prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), "")
    return name.removeprefix(prefix)
