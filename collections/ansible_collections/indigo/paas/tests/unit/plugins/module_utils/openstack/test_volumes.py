# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.openstack import labels, volumes


def marks(index):
    return {labels.DEPLOYMENT: "d", labels.GROUP: "wn", labels.INDEX: str(index), labels.VOLUME: "data"}


def wanted(count):
    return {("wn", index, "data"): {"name": f"v{index}", "metadata": marks(index)} for index in range(count)}


class Project:
    """Volumes whose states, in the order in which they are made, are said before; all are available in the end."""

    def __init__(self, *states, there=()):
        self._states = itertools.chain(states, itertools.repeat(volumes.FREE))
        self._numbers = itertools.count()
        self.there = list(there)
        self.deleted = []

    def volumes(self, _deployment):
        return list(self.there)

    def create_volume(self, _deployment, request):
        id = f"id-{next(self._numbers)}"
        self.there.append(SimpleNamespace(id=id, status=next(self._states), **request))

    def delete_volume(self, id):
        self.deleted.append(id)
        self.there = [volume for volume in self.there if volume.id != id]


def ensure(project, count=1, replacements=3):
    times = itertools.count()
    said = []
    store = volumes.Store(
        project,
        "d",
        workers=1,
        patience=10,
        replacements=replacements,
        say=said.append,
        sleep=lambda _seconds: None,
        clock=lambda: next(times),
    )
    store.ensure(wanted(count))
    return said


def test_new_volumes_in_error_are_made_anew():
    project = Project("error", volumes.FREE, "error")
    assert ensure(project, 2) == ["v0 is in error and made anew", "v0 is in error and made anew"]
    assert project.deleted == ["id-0", "id-2"]
    assert [(volume.name, volume.id) for volume in project.there] == [("v1", "id-1"), ("v0", "id-3")]


def test_no_more_than_allowed_are_made_anew():
    with pytest.raises(SiteError, match=r"v0 is in error\n.*raise site_replacements"):
        ensure(Project("error", "error"), replacements=1)


def test_a_volume_that_was_there_before_is_never_deleted():
    project = Project(there=[SimpleNamespace(id="old", name="v0", status="error", metadata=marks(0))])
    with pytest.raises(SiteError, match=r"v0 is in error\n.*was there before"):
        ensure(project)
    assert project.deleted == []


def test_a_volume_that_vanishes_is_told():
    class Forgetful(Project):
        def create_volume(self, _deployment, _request):
            pass

    with pytest.raises(SiteError, match="Volume v0 is not there"):
        ensure(Forgetful())


def test_a_volume_that_stays_in_the_making_is_told():
    with pytest.raises(SiteError, match="Volume v0 stays creating"):
        ensure(Project("creating"))
