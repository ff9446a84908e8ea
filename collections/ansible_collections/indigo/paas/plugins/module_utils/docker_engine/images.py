# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images that a site offers for its nodes, as its operator lists them."""

from __future__ import annotations

from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.images import SUITES, Recipe
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import read_entries

DEFAULT_IMAGES = [
    {"distribution": "debian", "version": "13", "fetched": ["condor"]},
    {"distribution": "debian", "version": "12"},
]
IMAGE_KEYS = ("name", "distribution", "version", "packages", "fetched", "base", "mirror")

Data = dict[str, Any]


def read_images(site: str, entries: list[Any]) -> list[Data]:
    """Return the images of SITE, each {name, distribution, version, recipe}. Raises SiteError."""
    return read_entries(site, "image", entries or DEFAULT_IMAGES, _read_image)


def _read_image(entry: Any) -> Data:
    if not isinstance(entry, dict) or not entry.get("distribution") or not entry.get("version"):
        raise ValueError("it must be a dictionary with distribution and version")
    for key in entry:
        if key not in IMAGE_KEYS:
            raise ValueError(f"it has an unknown key '{key}'. {did_you_mean(key, IMAGE_KEYS, what='keys')}")
    packages, fetched = (_names(entry, key) for key in ("packages", "fetched"))
    distribution, version = str(entry["distribution"]).lower(), str(entry["version"]).lower()
    recipe = Recipe(distribution, version, packages, entry.get("base"), entry.get("mirror"), fetched)
    name = str(entry.get("name") or f"{distribution}-{version}")
    return {"name": name, "distribution": distribution, "version": version, "recipe": recipe}


def _names(entry: Data, key: str) -> tuple[str, ...]:
    names = entry.get(key) or []
    if not isinstance(names, list):
        raise ValueError(f"its {key} must be a list")
    return tuple(map(str, names))


def catalogue(images: list[Data], architecture: str, default: str) -> list[Data]:
    """Return IMAGES as a site's description lists them; DEFAULT is the name of the one for nodes that ask for none."""
    return [
        {
            "name": image["name"],
            "distribution": image["distribution"],
            "version": image["version"],
            "codename": SUITES.get(image["distribution"], {}).get(image["version"]),
            "type": "linux",
            "architecture": architecture,
            "default": image["name"] == default,
        }
        for image in images
    ]
