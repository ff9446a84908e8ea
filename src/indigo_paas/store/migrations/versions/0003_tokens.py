# SPDX-License-Identifier: Apache-2.0
"""Tokens of users for what runs later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("client_id", sa.String(255), primary_key=True),
        sa.Column("issuer", sa.String(255), primary_key=True),
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("expires", sa.Float, nullable=False),
        sa.Column("lifetime", sa.Float, nullable=False),
        sa.Column("exchanged", sa.Float, nullable=False),
        sa.Column("leased", sa.Float, nullable=False),
    )
