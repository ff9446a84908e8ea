# SPDX-License-Identifier: Apache-2.0
"""How status words follow each other."""

from __future__ import annotations

import pytest

from indigo_paas.errors import BadInput
from indigo_paas.ground import status


@pytest.mark.parametrize(
    ("command", "current", "then"),
    [
        ("deploy", None, "CREATE_IN_PROGRESS"),
        ("deploy", "CREATE_FAILED", "CREATE_IN_PROGRESS"),
        ("update", "CREATE_FAILED", "CREATE_IN_PROGRESS"),
        ("deploy", "CREATE_COMPLETE", "UPDATE_IN_PROGRESS"),
        ("scale", "UPDATE_FAILED", "UPDATE_IN_PROGRESS"),
        ("destroy", "CREATE_FAILED", "DELETE_IN_PROGRESS"),
        ("destroy", "DELETE_FAILED", "DELETE_IN_PROGRESS"),
    ],
)
def test_begin(command, current, then):
    assert status.begin(command, current) == then


@pytest.mark.parametrize("command", status.CHANGES)
def test_what_is_being_deleted_can_only_be_deleted(command):
    with pytest.raises(BadInput, match="destroyed"):
        status.begin(command, "DELETE_FAILED")


@pytest.mark.parametrize("action", ["CREATE", "UPDATE", "DELETE"])
def test_end(action):
    assert status.end(f"{action}_IN_PROGRESS", True) == f"{action}_COMPLETE"
    assert status.end(f"{action}_IN_PROGRESS", False) == f"{action}_FAILED"
    assert not status.is_over(f"{action}_IN_PROGRESS")
    assert status.is_over(f"{action}_FAILED")


@pytest.mark.parametrize(
    ("current", "command"),
    [("CREATE_FAILED", "deploy"), ("UPDATE_COMPLETE", "deploy"), ("DELETE_FAILED", "destroy")],
)
def test_resume(current, command):
    assert status.to_resume(current) == command
