# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of the image service as plain data, and the references by which templates name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError, did_you_mean

SCHEME = "ost"
PARTS = ("aki", "ari")
KEYS = ("image", "name", "distribution", "version", "codename", "type", "architecture")

Image = dict[str, Any]


def boots(image: Any) -> bool:
    """Return whether a server can start from the SDK's IMAGE; kernels and ramdisks are only parts of others."""
    return image.container_format not in PARTS


def read_image(image: Any, configured: Mapping[str, Mapping[str, Any]]) -> Image:
    """Return {id, name, distribution, version, codename, type, architecture, disk, memory} of the SDK's IMAGE.

    disk, memory   the least that a server needs for it, in GiB and in bytes
    configured   what the site's description says of an image, by its name or id; it overrides the image's properties
    """
    said = configured.get(image.id) or configured.get(image.name) or {}
    found = {
        "distribution": image.os_distro,
        "version": image.os_version,
        "codename": None,
        "type": image.os_type or "linux",
        "architecture": image.architecture,
        **{key: str(said[key]) for key in KEYS[2:] if said.get(key) is not None},
    }
    return {
        "id": image.id,
        "name": str(said.get("name") or image.name),
        **{key: value.lower() if isinstance(value, str) else value for key, value in found.items()},
        "disk": max(int(image.min_disk or 0), -(-int(image.virtual_size or image.size or 0) // 1024**3)),
        "memory": int(image.min_ram or 0) * 1024**2,
        "created": image.created_at or "",
    }


def catalogue(images: Iterable[Image], default: str | None) -> list[Image]:
    """Return IMAGES with `default` set, the best answer to a vague question first.

    That is the default, then those whose distribution is known, then the newest.
    """
    marked = [{**image, "default": default in (image["name"], image["id"])} for image in images]
    newest_first = sorted(marked, key=lambda image: (image["created"], image["id"]), reverse=True)
    return sorted(newest_first, key=lambda image: (not image["default"], not image["distribution"]))


def references(images: Iterable[Image], auth_url: str) -> list[str]:
    """Return the further names of IMAGES: their ids, and ost://HOST/ID and ost://HOST/NAME for the cloud's host."""
    host = urlsplit(auth_url).hostname or ""
    places = [image[key] for image in images for key in ("id", "name")]
    return sorted({*(image["id"] for image in images), *(f"{SCHEME}://{host}/{place}" for place in places)})


def image_id(images: Iterable[Image], matched: Mapping[str, Any]) -> str:
    """Return the id of the image that brokering MATCHED: one of IMAGES, or a reference to one."""
    if "id" in matched:
        return str(matched["id"])
    wanted = str(matched["reference"])
    place = wanted.rpartition("/")[2] if wanted.startswith(f"{SCHEME}://") else wanted
    return next(str(image["id"]) for image in images if place in (image["id"], image["name"]))


def read_configured(site: str, entries: list[Any]) -> dict[str, dict[str, Any]]:
    """Return what SITE's option images says, by the image's name or id. Raises SiteError (bad_input)."""
    found, problems = {}, []
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not entry.get("image"):
            problems.append(
                Problem(f"Site '{site}', image {number}: it must be a dictionary with image, an image's name or id")
            )
            continue
        unknown = [key for key in entry if key not in KEYS]
        problems += [
            Problem(
                f"Site '{site}', image {number} has an unknown key '{key}'", hint=did_you_mean(key, KEYS, what="keys")
            )
            for key in unknown
        ]
        found[str(entry["image"])] = entry
    if problems:
        raise SiteError(problems, bad_input=True)
    return found
