# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils import quotas
from ansible_collections.indigo.paas.plugins.module_utils.openstack import errors, labels, volumes
from ansible_collections.indigo.paas.plugins.module_utils.quotas import Quota

NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True)
GROUPS = st.from_regex(r"[a-z_][a-z0-9_]{0,30}", fullmatch=True)


@given(NAMES, GROUPS, st.integers(0, 10**6))
def test_a_description_is_read_as_it_was_written(deployment, group, index):
    text = labels.description(deployment, group, index)
    assert labels.read_description(text)[labels.DEPLOYMENT] == deployment
    assert labels.read_identity(text) == (group, index)
    assert labels.read_identity(labels.description(deployment)) is None


@pytest.mark.parametrize("text", [None, "", "mine", "a=b indigo.paas.group=x", "indigo.paas.deployment"])
def test_somebody_elses_description_is_none_of_ours(text):
    assert labels.read_description(text) == {}


@given(NAMES, NAMES, GROUPS)
def test_no_deployments_things_begin_like_anothers(one, other, part):
    if one != other:
        assert not labels.thing_name(other, part).startswith(labels.thing_name(one) + ".")


@pytest.mark.parametrize(
    ("metadata", "deployment", "belongs"),
    [
        ({labels.DEPLOYMENT: "d", labels.GROUP: "g", labels.INDEX: "0"}, "d", True),
        ({labels.DEPLOYMENT: "d", labels.GROUP: "g", labels.INDEX: "0"}, None, True),
        ({labels.DEPLOYMENT: "d", labels.GROUP: "g", labels.INDEX: "0"}, "e", False),
        ({labels.DEPLOYMENT: "d", labels.GROUP: "g", labels.INDEX: "x"}, "d", False),
        ({labels.DEPLOYMENT: "d"}, "d", False),
        (None, None, False),
    ],
)
def test_only_what_is_fully_labelled_belongs(metadata, deployment, belongs):
    assert labels.belongs(metadata, deployment) is belongs


def http(status, **headers):
    error = RuntimeError("told")
    error.status_code = status
    error.response = SimpleNamespace(headers=headers)
    return error


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (http(429), 0),
        (http(429, **{"Retry-After": "7"}), 7),
        (http(413, **{"Retry-After": "7"}), 7),
        (http(413), None),
        (http(500), 0),
        (http(503, **{"Retry-After": "3"}), 3),
        (http(400), None),
        (http(404), None),
        (ValueError("ours"), None),
    ],
)
def test_which_errors_pass(error, passing):
    assert errors.passing(error) == passing


def test_retry_after_may_be_a_date():
    error = http(429, **{"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})
    assert errors.retry_after(error, now=lambda: 1445412475.0) == 5
    assert errors.retry_after(error, now=lambda: 1445412999.0) == 0
    assert errors.retry_after(http(429, **{"Retry-After": "soon"})) is None


def test_an_error_says_what_where_why_and_what_to_do():
    error = http(403)
    error.details = "Quota exceeded for\n instances."
    told = errors.explained("Making a server", "cloud", error)
    assert str(told) == (
        "Making a server at site 'cloud' failed: Quota exceeded for instances. "
        "Destroy what is not needed, or ask the site for a larger quota."
    )
    assert not told.bad_input
    error.details = "Policy doesn't allow it"
    assert errors.explained("Making a server", "cloud", error).bad_input


@pytest.mark.parametrize(("status", "bad_input"), [(400, True), (401, True), (403, True), (409, False), (503, False)])
def test_whether_asking_again_can_help_is_said(status, bad_input):
    assert errors.explained("Making a server", "cloud", http(status)).bad_input is bad_input


def test_quotas_tell_what_does_not_fit():
    limits = {"nodes": Quota(10, 8), "cpus": Quota(-1, 99), "memory": Quota(1000, 1200)}
    reasons = quotas.shortfalls({"nodes": 3, "cpus": 999, "memory": 1}, limits)
    assert reasons == [
        "It asks for 3 nodes more; the project's quota of 10 has 2 nodes left.",
        "It asks for 1 MiB of memory more; the project's quota of 1000 MiB has 0 B of memory left.",
    ]
    assert quotas.shortfalls({"nodes": 2, "memory": -5}, limits) == []


@given(st.integers(-1, 50), st.integers(0, 60), st.integers(-10, 60))
def test_what_fits_a_quota_fits_a_larger_one(limit, used, asked):
    fits = not quotas.shortfalls({"nodes": asked}, {"nodes": Quota(limit, used)})
    larger = Quota(-1 if limit < 0 else limit + 1, used)
    assert not fits or not quotas.shortfalls({"nodes": asked}, {"nodes": larger})
    assert fits == (asked <= 0 or limit < 0 or used + asked <= limit)


@pytest.mark.parametrize(("size", "gib"), [(None, 1), (0, 1), (1, 1), (2**30, 1), (2**30 + 1, 2), (10 * 10**9, 10)])
def test_volumes_are_whole_gibibytes(size, gib):
    assert volumes.gibibytes(size) == gib
