# SPDX-License-Identifier: Apache-2.0
"""Deployments, their runs and their events: version 1."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    schema = op.create_table("schema", sa.Column("version", sa.Integer, nullable=False))
    op.bulk_insert(schema, [{"version": 1}])
    op.create_table(
        "deployments",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("uuid", sa.String(36), nullable=False, unique=True),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("updated", sa.Float, nullable=False),
        sa.Column("status", sa.String(30), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("site", sa.Text),
        sa.Column("sites", sa.Text),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("nodes", sa.JSON, nullable=False),
        sa.Column("outputs", sa.JSON, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(30), primary_key=True),
        sa.Column("deployment", sa.String(40), sa.ForeignKey("deployments.name", ondelete="CASCADE"), nullable=False),
        sa.Column("command", sa.String(20), nullable=False),
        sa.Column("started", sa.Float, nullable=False),
        sa.Column("ended", sa.Float),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        sa.Column("steps", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("ix_runs_deployment", "runs", ["deployment"])
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("deployment", sa.String(40), sa.ForeignKey("deployments.name", ondelete="CASCADE"), nullable=False),
        sa.Column("run", sa.String(30), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("time", sa.Float, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("step", sa.Text),
        sa.Column("task", sa.Text),
        sa.Column("node", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float),
    )
    op.create_index("events_of_deployment", "events", ["deployment", "id"])
