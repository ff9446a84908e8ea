# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a picture of a plan shows, whatever language it is drawn in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca import phrases
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import calls

Data = Mapping[str, Any]

# A longer name of an image has a line of its own.
_SHORT = 24


@dataclass(frozen=True)
class Part:
    """Something inside a box: a component on its machines. `key` is safe in every language."""

    key: str
    title: str
    note: str = ""
    external: bool = False


@dataclass(frozen=True)
class Box:
    """A group of equal machines, or an application, which has no `count`."""

    key: str
    title: str
    lines: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    count: int | None = None

    @property
    def is_application(self) -> bool:
        """Say whether the box is an application rather than machines."""
        return self.count is None


@dataclass(frozen=True)
class Arrow:
    """From what needs to what is needed; both are keys of boxes or of parts."""

    source: str
    target: str


@dataclass(frozen=True)
class Scene:
    """A whole picture. `outputs` are (name, what it will be)."""

    title: str
    description: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    outputs: tuple[tuple[str, str], ...]


def scene_of(plan: Data, title: str = "") -> Scene:
    """Return what there is to draw of a plan: machines, their components, applications, who needs whom.

    Texts are those of the template, hostile or not; only the keys are safe.
    """
    components, applications = plan.get("components", []), plan.get("applications", [])
    groups = {group["name"]: f"g{index}" for index, group in enumerate(plan.get("groups", []))}
    members = {member["name"]: f"m{index}" for index, member in enumerate([*components, *applications])}
    external = {name for stage in plan.get("stages", []) if stage.get("external") for name in stage["components"]}
    hosted: dict[str, list[Part]] = {}
    for component in components:
        name = component["name"]
        part = Part(members[name], name, phrases.short_type(component["type"]), name in external)
        hosted.setdefault(component["group"], []).append(part)
    machines = [
        _machines(group, groups[group["name"]], tuple(hosted.get(group["name"], ())))
        for group in plan.get("groups", [])
    ]
    # What is set up on machines directly is a component of their name; who needs that name needs the machines.
    targets = {**members, **groups}
    arrows = [
        *_arrows(components, members, targets, _requires),
        *_arrows(applications, members, targets, _needs),
    ]
    return Scene(
        title=title,
        description=" ".join(str(plan.get("description") or "").split()),
        boxes=(*machines, *(_application(each, members[each["name"]]) for each in applications)),
        arrows=tuple(arrows),
        outputs=tuple(
            (name, phrases.value_text(output.get("value"))) for name, output in plan.get("outputs", {}).items()
        ),
    )


def _machines(group: Data, key: str, parts: tuple[Part, ...]) -> Box:
    system = phrases.image_text(group.get("image", {})) or "the site's default image"
    network = phrases.network_text(group.get("network", {}))
    where = [f"{system}, {network}"] if len(system) <= _SHORT else [system, network]
    lines = [phrases.size_text(group.get("size", {})), *where]
    if group.get("ports"):
        lines.append(f"ports {phrases.ports_text(group['ports'])}")
    lines += [f"volume {phrases.volume_text(volume)}" for volume in group.get("volumes", [])]
    return Box(key, group["name"], tuple(filter(None, lines)), parts, int(group["count"]))


def _application(application: Data, key: str) -> Box:
    lines = [phrases.short_type(application["type"]), *_images(application)]
    return Box(key, application["name"], tuple(lines))


def _images(application: Data) -> Iterator[str]:
    """Yield the container images of an application."""
    artifacts = application.get("artifacts") or {}
    for artifact in artifacts.values() if isinstance(artifacts, Mapping) else ():
        file = artifact.get("file") if isinstance(artifact, Mapping) else artifact
        if isinstance(file, str):
            yield file


def _arrows(
    members: Iterable[Data],
    sources: Mapping[str, str],
    targets: Mapping[str, str],
    needs_of: Callable[[Data], Iterable[str]],
) -> Iterator[Arrow]:
    """Yield each need once."""
    for member in members:
        for name in dict.fromkeys(needs_of(member)):
            if name in targets and name != member["name"]:
                yield Arrow(sources[member["name"]], targets[name])


def _requires(component: Data) -> Iterator[str]:
    """Yield what a component needs; that it is on its machines, its place in the picture says."""
    return (name for name in component.get("requires", []) if name != component.get("group"))


def _needs(application: Data) -> Iterator[str]:
    """Yield what an application needs, and the nodes whose attributes its properties wait for."""
    yield from application.get("requires", [])
    for name, arguments in calls(application.get("properties") or {}):
        if name == "get_attribute" and isinstance(arguments[0], str):
            yield arguments[0]
