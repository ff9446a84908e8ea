# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepared images in the image service: their labels as properties, and the wait for one in the making."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.openstack import prepared
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import PreparedImage, labels

IMAGE = PreparedImage("debian-13-x-1", {"own.lab.x": "1-2"}, "id-main", "debian-13", "2026-12-01T00:00:00+00:00")
NAMES = st.text("abc.", min_size=1, max_size=5).filter(lambda name: not name[-1].isdigit())


@given(st.dictionaries(NAMES, st.text(max_size=700)))
def test_labels_of_any_length_come_back(found: dict[str, str]) -> None:
    properties = prepared.to_properties(found)
    assert all(len(value) <= prepared.LONGEST_VALUE for value in properties.values())
    read = prepared.from_properties(properties)
    assert {name: read[name] for name in found} == found


def test_an_image_is_read_from_its_properties() -> None:
    properties = {**prepared.to_properties(labels(IMAGE)), "owner_specified": 1}
    found = SimpleNamespace(id="i1", size=7, properties=properties)
    assert prepared.is_prepared(found)
    assert prepared.read(found) == PreparedImage(**{**IMAGE.to_dict(), "id": "i1", "size": 7})
    other = SimpleNamespace(id="i2", size=7, properties=None)
    assert not prepared.is_prepared(other)
    assert prepared.read(other) is None


class Project:
    """Tells one state of the image after the other, the last one for ever."""

    def __init__(self, *states: str | None) -> None:
        self._states = list(states)
        self.asked: list[Any] = []

    def create_image(self, *asked: Any) -> str:
        self.asked.append(asked)
        return "i1"

    def image(self, _image: str) -> Any:
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        return state and SimpleNamespace(status=state)

    def delete_image(self, image: str) -> None:
        self.asked.append(image)


def make(project: Project) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    prepared.make(cast(Any, project), "s1", IMAGE, 60, sleep, lambda: now[0])


def test_an_image_in_the_making_is_waited_for() -> None:
    project = Project(*["queued"] * 25, *["saving"] * 25, "active")
    make(project)
    assert project.asked == [("s1", IMAGE.name, labels(IMAGE))]


@pytest.mark.parametrize(("state", "said"), [("killed", "it is killed"), (None, "it is gone")])
def test_an_image_that_is_not_made_is_told_and_deleted(state: str | None, said: str) -> None:
    project = Project("queued", state)
    with pytest.raises(SiteError, match=said):
        make(project)
    assert project.asked[1:] == ["i1"]


def test_an_image_to_which_nothing_happens_is_deleted() -> None:
    project = Project("queued")
    with pytest.raises(SiteError, match="stays queued"):
        make(project)
    assert project.asked[1:] == ["i1"]
