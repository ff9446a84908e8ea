# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.artifacts import layout

HOSTILE = st.one_of(
    st.text(),
    st.sampled_from([".", "..", "", "-x", "a/../../b", "/etc/passwd", "a\0b", "a\nb", "%2e%2e", "x" * 5000, "\ud800"]),
)


def is_safe(path: str) -> bool:
    parts = path.split("/")
    return (
        not path.startswith(("/", "-"))
        and all(part and part not in (".", "..") and len(part) <= 255 for part in parts)
        and path.isascii()
        and path.isprintable()
        and os.path.normpath(path) == path
    )


@given(HOSTILE)
def test_a_component_is_the_name_of_one_file(text):
    name = layout.component(text)
    assert "/" not in name
    assert is_safe(f"roles/{name}")


@given(HOSTILE, HOSTILE)
def test_different_texts_have_different_names(one, other):
    assert (layout.component(one) == layout.component(other)) == (one == other)


@given(HOSTILE, HOSTILE)
def test_no_url_leads_out(host, path):
    assert is_safe(layout.playbook_of_url(f"https://{host}/{path}"))
    assert is_safe(layout.cached("roles", f"https://{host}/{path}", path or "1"))


@given(HOSTILE, st.integers(min_value=0, max_value=9))
def test_no_path_leads_out(path, directory):
    place = layout.playbook_beside(path, directory)
    assert place.startswith("playbooks/_beside")
    assert is_safe(place)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://example.org/a/b.yml", "playbooks/example.org/a/b.yml"),
        ("https://user:secret@Example.org/b.yml#x", "playbooks/example.org/b.yml"),
        ("http://example.org:8080/b.yml", "playbooks/example.org%3A8080,http/b.yml"),
        ("https://example.org/../../b.yml", "playbooks/example.org/%2E./%2E./b.yml"),
        ("https://example.org/.b", "playbooks/example.org/%2Eb"),
    ],
)
def test_places_of_urls_are_readable(url, place):
    assert layout.playbook_of_url(url) == place


def test_a_query_tells_urls_apart_and_does_not_show():
    one, other = (layout.playbook_of_url(f"https://example.org/b.yml?token={token}") for token in ("secret", "other"))
    assert one != other
    assert "secret" not in one


def test_versions_and_schemes_have_places_of_their_own():
    places = {
        layout.cached("roles", source, version)
        for source in ("a.b", "https://a.b", "http://a.b", "file:///a.b")
        for version in (None, "1", "2")
    }
    assert len(places) == 12


def test_paths_beside_two_files_differ():
    assert layout.playbook_beside("../x.yml", 0) == "playbooks/_beside/_up/x.yml"
    assert layout.playbook_beside("./x.yml", 1) == "playbooks/_beside-2/x.yml"
