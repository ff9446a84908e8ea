# SPDX-License-Identifier: Apache-2.0
"""The tables of the store. `migrations` brings those of an older version up to these."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)

metadata = MetaData()


class Words(TypeDecorator[str]):
    """Text of any content: what PostgreSQL or UTF-8 cannot hold is written as an escape."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


schema = Table("schema", metadata, Column("version", Integer, nullable=False))

deployments = Table(
    "deployments",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("uuid", String(36), nullable=False, unique=True),
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Column("status", String(30), nullable=False),
    Column("reason", Words, nullable=False, default=""),
    Column("site", Words),
    Column("sites", Words),
    Column("template", Words, nullable=False),
    Column("description", Words, nullable=False, default=""),
    Column("nodes", JSON, nullable=False),
    Column("outputs", JSON, nullable=False),
    Column("owner_subject", Words, nullable=False, server_default=""),
    Column("owner_issuer", Words, nullable=False, server_default=""),
    Column("user_group", Words),
    Column("title", Words),
    Column("task", String(20), nullable=False, server_default="NONE"),
    Column("callback", Words),
    Column("timeout_mins", Integer),
    Column("endpoints", JSON, nullable=False, server_default="{}"),
    Index("deployments_of_owner", "owner_issuer", "owner_subject"),
)

titles = Index(
    "titles_of_owner",
    deployments.c.owner_issuer,
    deployments.c.owner_subject,
    deployments.c.title,
    unique=True,
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(30), primary_key=True),
    Column("deployment", ForeignKey("deployments.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("command", String(20), nullable=False),
    Column("started", Float, nullable=False),
    Column("ended", Float),
    Column("state", String(20), nullable=False),
    Column("changed", Integer, nullable=False, default=0),
    Column("steps", JSON, nullable=False),
    Column("reason", Words, nullable=False, default=""),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("deployment", ForeignKey("deployments.name", ondelete="CASCADE"), nullable=False),
    Column("run", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("time", Float, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("step", Words),
    Column("task", Words),
    Column("node", Words),
    Column("text", Words, nullable=False, default=""),
    Column("seconds", Float),
    Index("events_of_deployment", "deployment", "id"),
)

resources = Table(
    "resources",
    metadata,
    Column("uuid", String(36), primary_key=True),
    Column("deployment", ForeignKey("deployments.name", ondelete="CASCADE"), nullable=False, index=True),
    Column("created", Float, nullable=False),
    Column("updated", Float, nullable=False),
    Column("type", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("index", Integer, nullable=False),
    Column("node", Words, nullable=False),
    Column("state", String(20), nullable=False),
    Column("metadata", JSON, nullable=False),
)

# No foreign key: what became of a job is known after its deployment is gone.
jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("deployment", String(40), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("subject", Words, nullable=False),
    Column("issuer", Words, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("created", Float, nullable=False),
    Column("deadline", Float),
    Column("started", Float),
    Column("ended", Float),
    Column("starts", Integer, nullable=False),
    Column("host", Words),
    Column("pid", Integer),
    Column("pid_started", Float),
    Column("heartbeat", Float),
    Column("cancel", Words),
    Column("reason", Words, nullable=False),
    Column("owed", JSON(none_as_null=True)),
    Column("telling", Float, nullable=False, server_default="0"),
    Column("draining", Boolean, nullable=False, server_default=false()),
)

owing = Index("owing_jobs", jobs.c.id, sqlite_where=text("owed IS NOT NULL"), postgresql_where=text("owed IS NOT NULL"))

# Of the jobs that were removed since they are over: how many, and how long they took in all (seconds).
past_jobs = Table(
    "past_jobs",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("state", String(20), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
)

# Whatever goes wrong elsewhere, no two processes do jobs of one deployment at a time.
one_running = Index(
    "one_running_job",
    jobs.c.deployment,
    unique=True,
    sqlite_where=text("state = 'running'"),
    postgresql_where=text("state = 'running'"),
)

# Sealed is encrypted; until `leased` one process may write the row. used: when a request last relied on it.
tokens = Table(
    "tokens",
    metadata,
    Column("client_id", String(255), primary_key=True),
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("expires", Float, nullable=False),
    Column("lifetime", Float, nullable=False),
    Column("exchanged", Float, nullable=False),
    Column("leased", Float, nullable=False),
    Column("used", Float, nullable=False, server_default="0"),
)


def values(record: Any) -> dict[str, Any]:
    """Return the columns of a row that is a dataclass."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}
