# SPDX-License-Identifier: Apache-2.0
"""What the parts of the service hand each other: who asks, what is asked for, and pages of answers. Plain data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True)
class User:
    """Who asks, as the identity provider names them.

    subject, issuer: the claims `sub` and `iss`; together they are who owns a deployment. admin: sees and changes every
    deployment. token: the bearer token of this request; it is never stored and never printed.
    """

    subject: str
    issuer: str
    groups: frozenset[str] = frozenset()
    admin: bool = False
    email: str = ""
    scopes: frozenset[str] = frozenset()
    token: str | None = field(default=None, repr=False)


# Whoever asks where the service is configured to want no token.
ANONYMOUS = User("anonymous", "")


@dataclass(frozen=True)
class Asked:
    """What a deployment shall be, as a DeploymentRequest says it.

    template: the text of a TOSCA file. parameters: values of its inputs by name; they may all be text, which is read as
    the type of its input. callback: an http(s) URL that is told how it ended. timeout_mins: after it the job is
    stopped and failed. provider_timeout_mins: the same of the try at one site. keep_last_attempt: None where it was
    not said. name: how the user calls it, unique among the deployments of its owner.
    """

    template: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    callback: str | None = None
    user_group: str | None = None
    timeout_mins: int | None = None
    provider_timeout_mins: int | None = None
    max_providers_retry: int | None = None
    keep_last_attempt: bool | None = None
    name: str | None = None


@dataclass(frozen=True)
class Page:
    """Which part of a list: NUMBER counts from 0; sort: (column, ascending), the first counts most."""

    number: int = 0
    size: int = 10
    sort: Sequence[tuple[str, bool]] = (("created", False),)


@dataclass(frozen=True)
class Which:
    """Which deployments a list has.

    created_by: the (subject, issuer) who made them; None for the user's own, for administrators all. user_group:
    only those of this group; of one that the user is in, those of others, too. excluded: statuses of those left out.
    """

    created_by: tuple[str, str] | None = None
    user_group: str | None = None
    excluded: Collection[str] = ()


# Whatever the user may see.
EVERY = Which()


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """A page of rows; total: how many there are on all pages."""

    items: list[Row]
    total: int
