# SPDX-License-Identifier: Apache-2.0
"""Owners of deployments, their resources, and the jobs of the service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for column in (
        sa.Column("owner_subject", sa.Text, nullable=False, server_default=""),
        sa.Column("owner_issuer", sa.Text, nullable=False, server_default=""),
        sa.Column("user_group", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("task", sa.String(20), nullable=False, server_default="NONE"),
        sa.Column("callback", sa.Text),
        sa.Column("timeout_mins", sa.Integer),
    ):
        op.add_column("deployments", column)
    op.create_index("deployments_of_owner", "deployments", ["owner_issuer", "owner_subject"])
    op.create_index("titles_of_owner", "deployments", ["owner_issuer", "owner_subject", "title"], unique=True)
    op.create_table(
        "resources",
        sa.Column("uuid", sa.String(36), primary_key=True),
        sa.Column("deployment", sa.String(40), sa.ForeignKey("deployments.name", ondelete="CASCADE"), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("updated", sa.Float, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("index", sa.Integer, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
    )
    op.create_index("ix_resources_deployment", "resources", ["deployment"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("deployment", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("deadline", sa.Float),
        sa.Column("started", sa.Float),
        sa.Column("ended", sa.Float),
        sa.Column("starts", sa.Integer, nullable=False),
        sa.Column("host", sa.Text),
        sa.Column("pid", sa.Integer),
        sa.Column("pid_started", sa.Float),
        sa.Column("heartbeat", sa.Float),
        sa.Column("cancel", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("ix_jobs_deployment", "jobs", ["deployment"])
    op.create_index("ix_jobs_state", "jobs", ["state"])
    running = sa.text("state = 'running'")
    op.create_index(
        "one_running_job", "jobs", ["deployment"], unique=True, sqlite_where=running, postgresql_where=running
    )
