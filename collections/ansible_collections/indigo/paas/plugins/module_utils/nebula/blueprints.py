# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machines of a node group are made of: found before anything is made, so that what is missing is told."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.brokering import match_image
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.nebula import choice, documents
from ansible_collections.indigo.paas.plugins.module_utils.nebula.cloud import Cloud
from ansible_collections.indigo.paas.plugins.module_utils.nebula.documents import as_list
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, WantedImage
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import PreparedImage

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Blueprint:
    """What machines are made of.

    template   the id of a template, None where there is none
    disks      the disks to ask for; none where those of the template stay as they are
    context    the template's own CONTEXT
    images     the images that become their disks, as far as the user sees them
    """

    template: int | None
    disks: list[dict[str, Any]]
    context: Data
    images: list[Any]


@dataclass(frozen=True)
class Start:
    """What machines start from: an image, or a template.

    entry      what the site's description says of it
    template   the template; None where it is an image
    disks      the disks of the template, or the one of the image
    images     the images of these disks; None for those that the user does not see
    """

    entry: Data
    template: Any
    disks: list[dict[str, Any]]
    images: list[Any]

    @property
    def name(self) -> str:
        """The template's id where it is one, and the id of the first disk's image: it changes with the content."""
        root = str(self.images[0].ID) if self.images and self.images[0] is not None else "none"
        return root if self.template is None else f"{self.template.ID}:{root}"

    def on(self, prepared: PreparedImage) -> Start:
        """Return this with the image PREPARED in place of the first disk's; no disk can be smaller than its image."""
        least = (prepared.size or 0) // documents.MIB
        own = {key: value for key, value in self.disks[0].items() if not key.startswith("IMAGE")}
        if int(own.get("SIZE") or least) < least:
            del own["SIZE"]
        return replace(self, disks=[{**own, "IMAGE_ID": prepared.id}, *self.disks[1:]], images=[None, *self.images[1:]])


def start_of(cloud: Cloud, description: Data, asked: WantedImage) -> Start:
    """Return what machines start from that ASK for an image at the site of DESCRIPTION. Raises SiteError."""
    entry = match_image(dict(description), asked) or {}
    if entry.get("template"):
        template = cloud.template(str(entry["template"]))
        disks = [dict(disk) for disk in as_list(template.TEMPLATE.get("DISK"))]
        return Start(entry, template, disks, [_image_of(cloud, disk) for disk in disks])
    wanted = str(entry.get("reference") or entry["image"])
    system = cloud.system(wanted.rpartition("/")[2] if wanted.startswith("one://") else wanted)
    return Start(entry, None, [{"IMAGE_ID": system.ID}], [system])


def blueprint(cloud: Cloud, description: Data, group: NodeGroup, prepared: PreparedImage | None = None) -> Blueprint:
    """Return what the machines of the plan's GROUP are made of at the site of DESCRIPTION. Raises SiteError.

    prepared   the image that they start from in place of their own
    """
    start = start_of(cloud, description, group.image)
    data = [cloud.image(volume.volume_id) for volume in group.volumes if volume.volume_id]
    group = _with_ids(group, data)
    root = start.images[0] if start.images else None
    least = (prepared.size or 0) // documents.MIB if prepared else int(root.SIZE) if root is not None else 0
    base = (start.on(prepared) if prepared and start.disks else start).disks
    disks = documents.disks(group, base, least)
    images = start.images[1:] if prepared else start.images
    return Blueprint(
        int(start.template.ID) if start.template is not None else None,
        disks if start.template is None or disks != start.disks else [],
        dict(start.template.TEMPLATE.get("CONTEXT") or {}) if start.template is not None else {},
        [*(image for image in images if image is not None), *data],
    )


def _image_of(cloud: Cloud, disk: Data) -> Any:
    """Return the image of a template's DISK, None where it has none or the user does not see it."""
    if disk.get("IMAGE_ID"):
        return next((image for image in cloud.images if str(image.ID) == str(disk["IMAGE_ID"])), None)
    named = [image for image in cloud.images if disk.get("IMAGE") == image.NAME]
    owner = disk.get("IMAGE_UNAME")
    return next((image for image in named if owner == image.UNAME or (not owner and _is_own(cloud, image))), None)


def _is_own(cloud: Cloud, image: Any) -> bool:
    return str(image.UID) == cloud.account()


def _with_ids(group: NodeGroup, images: Iterable[Any]) -> NodeGroup:
    """Return GROUP with the ids of IMAGES in its volumes that are images of their own, in this order."""
    ids = iter(str(image.ID) for image in images)
    volumes = (replace(volume, volume_id=next(ids)) if volume.volume_id else volume for volume in group.volumes)
    return replace(group, volumes=tuple(volumes))


def require_shareable(
    site: str, groups: Iterable[NodeGroup], blueprints: Mapping[str, Blueprint], coming: Collection[str]
) -> None:
    """Raise SiteError (bad_input) where machines want a persistent image that another one has.

    coming   the node groups that get new machines
    """
    takers: dict[str, int] = {}
    found = {}
    for group in groups:
        for image in filter(choice.is_persistent, blueprints[group.safe_name].images):
            number = str(image.ID)
            takers[number] = takers.get(number, 0) + group.count
            if takers[number] > 1 or (int(image.RUNNING_VMS) > 0 and group.safe_name in coming):
                found[number] = image
    if found:
        raise SiteError([_persistent_image(site, image) for image in found.values()], bad_input=True)


def _persistent_image(site: str, image: Any) -> Problem:
    return Problem(
        f"Site '{site}': the image '{image.NAME}' (id {image.ID}) is persistent: only one machine may have it",
        hint=f"Let each machine have a copy (oneimage nonpersistent {image.ID}), or choose another.",
    )
