# SPDX-License-Identifier: Apache-2.0
"""Images that are prepared after a deployment, by the site's option."""

from __future__ import annotations

import pytest

from indigo_paas.engine import verbs
from indigo_paas.engine.work import Outcome
from indigo_paas.errors import BadInput, IndigoError
from indigo_paas.templates import collection


def outcome(state="ok", reason=""):
    return Outcome("pool", "deploy", state, "CREATE_COMPLETE", reason, "lab", [], {"ip": "x"}, 1, [], 9.0)


def after(monkeypatch, lacks, prepared=None):
    """Return what becomes of a deployment where the site LACKS images and preparing them has an outcome, or raises."""
    asked = []

    def prepare(_settings, _template, _inputs, _observer, only):
        asked.append(only)
        if isinstance(prepared, Exception):
            raise prepared
        return prepared

    monkeypatch.setattr(collection, "lacks_images", lambda *_args: lacks)
    monkeypatch.setattr(verbs, "prepare", prepare)
    found = verbs._prepare_after(None, outcome(), {}, {}, None, {}, None)
    return found, asked


def test_nothing_is_prepared_where_nothing_is_missing(monkeypatch):
    assert after(monkeypatch, lacks=False) == (outcome(), [])


def test_what_is_missing_is_prepared_where_the_deployment_is(monkeypatch):
    assert after(monkeypatch, lacks=True, prepared=outcome()) == (outcome(), [["lab"]])


@pytest.mark.parametrize(
    "failed",
    [outcome("failed", "No room."), IndigoError("No room."), BadInput("No room.")],
    ids=["run", "error", "input"],
)
def test_a_failure_is_a_warning_of_the_deployment(monkeypatch, failed):
    found, _asked = after(monkeypatch, lacks=True, prepared=failed)
    assert (found.state, found.outputs) == ("ok", {"ip": "x"})
    assert [str(warning) for warning in found.warnings] == ["No image was prepared for the next deployment: No room."]
