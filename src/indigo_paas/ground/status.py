# SPDX-License-Identifier: Apache-2.0
"""The status words of a deployment, those of the INDIGO Orchestrator, and their order. Pure."""

from __future__ import annotations

from indigo_paas.errors import BadInput

CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
CREATE_COMPLETE = "CREATE_COMPLETE"
CREATE_FAILED = "CREATE_FAILED"
UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
UPDATE_COMPLETE = "UPDATE_COMPLETE"
UPDATE_FAILED = "UPDATE_FAILED"
DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
DELETE_COMPLETE = "DELETE_COMPLETE"
DELETE_FAILED = "DELETE_FAILED"

ALL = (
    CREATE_IN_PROGRESS,
    CREATE_COMPLETE,
    CREATE_FAILED,
    UPDATE_IN_PROGRESS,
    UPDATE_COMPLETE,
    UPDATE_FAILED,
    DELETE_IN_PROGRESS,
    DELETE_COMPLETE,
    DELETE_FAILED,
    "UNKNOWN",
)

# What a job is at, in the words of the Orchestrator.
NONE, BROKERING, DEPLOYER = "NONE", "BROKERING", "DEPLOYER"

CHANGES = ("deploy", "scale", "update")

# Commands that leave the status as it is.
START, STOP = "start", "stop"
UNDO = "undo"
ASIDE = ("check", START, STOP, UNDO)

# From where the service takes an update or a deletion.
UPDATABLE = (CREATE_COMPLETE, UPDATE_COMPLETE, UPDATE_FAILED)
DELETABLE = (
    CREATE_IN_PROGRESS,
    CREATE_COMPLETE,
    CREATE_FAILED,
    UPDATE_IN_PROGRESS,
    UPDATE_COMPLETE,
    UPDATE_FAILED,
    DELETE_FAILED,
)


def begin(command: str, current: str | None) -> str:
    """Return the status while COMMAND (deploy, scale, update or destroy) works.

    current: the status before, None where there was no deployment. A deployment that was never
    complete is still being created, whatever command goes on with it.
    Raises BadInput when COMMAND cannot follow CURRENT.
    """
    if command == "destroy":
        return DELETE_IN_PROGRESS
    if current is None or is_new(current):
        return CREATE_IN_PROGRESS
    require_kept(current)
    return UPDATE_IN_PROGRESS


def end(in_progress: str, ok: bool) -> str:
    """Return the status that follows IN_PROGRESS."""
    return in_progress.removesuffix("IN_PROGRESS") + ("COMPLETE" if ok else "FAILED")


def require_kept(current: str) -> None:
    """Raise BadInput when the deployment is being deleted."""
    if current.startswith("DELETE_"):
        raise BadInput(f"The deployment is {current}: it can only be destroyed.")


def is_new(current: str) -> bool:
    """Say whether a deployment with the status CURRENT was never complete."""
    return current in (CREATE_IN_PROGRESS, CREATE_FAILED)


def is_over(status: str) -> bool:
    """Say whether nothing works on a deployment with this STATUS."""
    return not status.endswith("_IN_PROGRESS")


def to_resume(status: str) -> str:
    """Return the command that goes on where a deployment with STATUS was left, and repairs a complete one."""
    return "destroy" if status.startswith("DELETE_") else "deploy"
