# SPDX-License-Identifier: Apache-2.0
"""What alembic runs: the migrations, in the transaction of whoever asked for them."""

from __future__ import annotations

from alembic import context

from indigo_paas.store import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    transactional_ddl=False,
)
context.run_migrations()
