# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machines of a node group are made of: found before anything is made, so that what is missing is told."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.indigo.paas.plugins.module_utils.brokering import match_image
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.nebula import choice, documents
from ansible_collections.indigo.paas.plugins.module_utils.nebula.cloud import Cloud
from ansible_collections.indigo.paas.plugins.module_utils.nebula.documents import as_list
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup

Data = t.Mapping[str, t.Any]


@dataclass(frozen=True)
class Blueprint:
    """What machines are made of.

    template   the id of a template, None where there is none
    disks      the disks to ask for; none where those of the template stay as they are
    context    the template's own CONTEXT
    images     the images that become their disks, as far as the user sees them
    """

    template: int | None
    disks: list[dict[str, t.Any]]
    context: Data
    images: list[t.Any]


def blueprint(cloud: Cloud, description: Data, group: NodeGroup) -> Blueprint:
    """Return what the machines of the plan's GROUP are made of at the site of DESCRIPTION. Raises SiteError."""
    image = match_image(dict(description), group.image) or {}
    data = [cloud.image(volume.volume_id) for volume in group.volumes if volume.volume_id]
    group = _with_ids(group, data)
    if image.get("template"):
        return _of_template(cloud, cloud.template(str(image["template"])), group, data)
    wanted = str(image.get("reference") or image["image"])
    system = cloud.system(wanted.rpartition("/")[2] if wanted.startswith("one://") else wanted)
    disks = documents.disks(group, [{"IMAGE_ID": system.ID}], int(system.SIZE))
    return Blueprint(None, disks, {}, [system, *data])


def _of_template(cloud: Cloud, template: t.Any, group: NodeGroup, data: list[t.Any]) -> Blueprint:
    base = [dict(disk) for disk in as_list(template.TEMPLATE.get("DISK"))]
    images = [_image_of(cloud, disk) for disk in base]
    disks = documents.disks(group, base, int(images[0].SIZE) if images and images[0] is not None else 0)
    return Blueprint(
        int(template.ID),
        disks if disks != base else [],
        dict(template.TEMPLATE.get("CONTEXT") or {}),
        [*(image for image in images if image is not None), *data],
    )


def _image_of(cloud: Cloud, disk: Data) -> t.Any:
    """Return the image of a template's DISK, None where it has none or the user does not see it."""
    if disk.get("IMAGE_ID"):
        return next((image for image in cloud.images if str(image.ID) == str(disk["IMAGE_ID"])), None)
    named = [image for image in cloud.images if disk.get("IMAGE") == image.NAME]
    owner = disk.get("IMAGE_UNAME")
    return next((image for image in named if owner == image.UNAME or (not owner and _is_own(cloud, image))), None)


def _is_own(cloud: Cloud, image: t.Any) -> bool:
    return str(image.UID) == cloud.account()


def _with_ids(group: NodeGroup, images: t.Iterable[t.Any]) -> NodeGroup:
    """Return GROUP with the ids of IMAGES in its volumes that are images of their own, in this order."""
    ids = iter(str(image.ID) for image in images)
    volumes = (replace(volume, volume_id=next(ids)) if volume.volume_id else volume for volume in group.volumes)
    return replace(group, volumes=tuple(volumes))


def require_shareable(
    site: str, groups: t.Iterable[NodeGroup], blueprints: t.Mapping[str, Blueprint], coming: t.Collection[str]
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
        raise SiteError([_taken(site, image) for image in found.values()], bad_input=True)


def _taken(site: str, image: t.Any) -> Problem:
    return Problem(
        f"Site '{site}': the image '{image.NAME}' (id {image.ID}) is persistent: only one machine may have it",
        hint=f"Let each machine have a copy (oneimage nonpersistent {image.ID}), or choose another.",
    )
