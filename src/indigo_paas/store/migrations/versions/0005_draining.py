# SPDX-License-Identifier: Apache-2.0
"""Jobs that wait until nodes have no work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("draining", sa.Boolean, nullable=False, server_default=sa.false()))
