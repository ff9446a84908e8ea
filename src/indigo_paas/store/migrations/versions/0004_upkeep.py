# SPDX-License-Identifier: Apache-2.0
"""Endpoints of sites, callbacks that are owed, and what is needed to remove what is over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "past_jobs",
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("state", sa.String(20), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
    op.add_column("deployments", sa.Column("endpoints", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("jobs", sa.Column("owed", sa.JSON))
    op.add_column("jobs", sa.Column("telling", sa.Float, nullable=False, server_default="0"))
    owed = sa.text("owed IS NOT NULL")
    op.create_index("owing_jobs", "jobs", ["id"], sqlite_where=owed, postgresql_where=owed)
    op.add_column("tokens", sa.Column("used", sa.Float, nullable=False, server_default="0"))
