# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.nebula import choice

USERS = {"oneadmin": "0", "ci": "2", "mallory": "3", "maria": "4"}


def image(number, name, owner, state=1, persistent=0):
    group = "0" if owner == "oneadmin" else "1"
    return SimpleNamespace(
        ID=number, NAME=name, UNAME=owner, UID=USERS[owner], GID=group, STATE=state, TYPE=0, PERSISTENT=persistent
    )


def find(pool, wanted, kind=choice.IMAGE):
    return choice.find("one", kind, pool, wanted, lambda: "2")


# Names are one an owner.
POOLS = st.lists(
    st.tuples(st.sampled_from(["debian", "rocky", "7"]), st.sampled_from(sorted(USERS))), unique=True, max_size=9
).flatmap(lambda named: st.permutations([image(10 + place, *each) for place, each in enumerate(named)]))


@given(POOLS)
def test_a_name_alone_is_never_a_stranger_s_image(pool):
    for wanted in {entry.NAME for entry in pool}:
        named = {entry.UNAME for entry in pool if wanted == entry.NAME}
        try:
            found = find(pool, wanted)
        except SiteError:
            found = None
        expected = "ci" if "ci" in named else "oneadmin" if named == {"oneadmin"} else None
        assert (found and found.UNAME) == expected


@given(POOLS)
def test_owner_and_name_or_an_id_name_one(pool):
    for entry in pool:
        assert find(pool, f"{entry.UNAME}/{entry.NAME}") is entry
        assert find(pool, str(entry.ID)) is entry


@given(POOLS, st.data())
def test_the_default_stays_whatever_is_uploaded(pool, data):
    before = choice.offered(pool, "2")
    owner = data.draw(st.sampled_from(sorted(USERS)))
    uploaded = image(99, "new" if data.draw(st.booleans()) else "debian", owner)
    taken = any((owner, uploaded.NAME) == (entry.UNAME, entry.NAME) for entry in pool)
    after = choice.offered([uploaded, *pool] if not taken else pool, "2")
    assert [entry["image"] for entry in after][: len(before)] == [entry["image"] for entry in before]
    assert len({entry["name"] for entry in after}) == len(after)


@pytest.mark.parametrize(
    ("user", "group", "trusted"), [("2", "1", True), ("0", "1", True), ("3", "0", True), ("3", "1", False)]
)
def test_an_administrator_s_image_may_be_of_any_group(user, group, trusted):
    assert choice.is_trusted(SimpleNamespace(UID=user, GID=group), "2") is trusted


def test_a_network_that_others_share_may_be_named_without_its_owner():
    pool = [image(5, "lan", "maria")]
    assert find(pool, "lan", choice.NETWORK).ID == 5


@pytest.mark.parametrize(("kind", "state"), [(choice.IMAGE, 4), (choice.IMAGE, 77), (choice.NETWORK, 6)])
def test_what_is_not_ready_is_refused(kind, state):
    with pytest.raises(SiteError, match=r"'debian' \(id 5\) is not ready: its state is \w+"):
        find([image(5, "debian", "ci", state)], "debian", kind)


def test_the_account_is_asked_for_only_where_a_name_needs_it():
    pool = [image(5, "debian", "maria")]

    def nobody():
        raise AssertionError("asked")

    assert choice.find("one", choice.IMAGE, pool, "5", nobody).ID == 5
    with pytest.raises(SiteError, match="has no image 'debain'. Did you mean 'debian'?"):
        choice.find("one", choice.IMAGE, pool, "debain", nobody)


def test_what_is_persistent_or_not_ready_is_not_offered():
    pool = [
        image(1, "a", "ci", persistent=1),
        image(2, "b", "ci", state=4),
        image(3, "c", "maria"),
        image(4, "d", "ci"),
    ]
    assert choice.offered(pool, "2") == [{"name": "d", "image": "4"}]
