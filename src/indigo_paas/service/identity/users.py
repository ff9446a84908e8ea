# SPDX-License-Identifier: Apache-2.0
"""What the claims of a token mean here: the user, and what this user may see and change. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from indigo_paas.service.identity.errors import InsufficientScope
from indigo_paas.service.identity.settings import Issuer
from indigo_paas.service.model import ANONYMOUS, User

# A deployment that the command line made has no owner.
NOBODY = ("", "")


class Owned(Protocol):
    """What a deployment says of who has it."""

    @property
    def owner_subject(self) -> str: ...
    @property
    def owner_issuer(self) -> str: ...
    @property
    def user_group(self) -> str | None: ...


def user_of(claims: Mapping[str, Any], issuer: Issuer, token: str) -> User:
    """Return the user of whom ISSUER says CLAIMS. Claims of a wrong form count as missing."""
    subject = claims["sub"]
    groups = frozenset(name for claim in issuer.groups_claims for name in _texts(_claim(claims, claim)))
    return User(
        subject=subject,
        issuer=issuer.url,
        groups=groups,
        admin=subject in issuer.admins or not groups.isdisjoint(issuer.admin_groups),
        email=_email(claims),
        scopes=frozenset(_scopes(claims)),
        token=token,
    )


def require_scopes(user: User, issuer: Issuer, *, changes: bool) -> None:
    """Raise InsufficientScope unless the token of USER has what ISSUER wants of who looks or, if CHANGES, changes."""
    wanted = issuer.change_scopes if changes else issuer.read_scopes
    missing = [scope for scope in wanted if scope not in user.scopes]
    if missing:
        raise InsufficientScope(
            f"The token lacks the scope {' '.join(missing)}. Get one with the scopes {' '.join(wanted)}.", wanted
        )


def may_see(user: User, deployment: Owned) -> bool:
    """Say whether USER may know of DEPLOYMENT: its owner, who is in its group at the same issuer, administrators."""
    in_group = user.issuer == deployment.owner_issuer and deployment.user_group in user.groups
    return may_change(user, deployment) or in_group


def may_change(user: User, deployment: Owned) -> bool:
    """Say whether USER may change and delete DEPLOYMENT: its owner and administrators.

    What nobody owns is also the anonymous user's, who is on the same machine as the command line.
    """
    owner = (deployment.owner_subject, deployment.owner_issuer)
    return user.admin or _key(user) == owner or (_key(user) == _key(ANONYMOUS) and owner == NOBODY)


def may_deploy_for(user: User, group: str | None) -> bool:
    """Say whether USER may make a deployment for the user group GROUP: one of the user's own, or none."""
    return not group or user.admin or group in user.groups or _key(user) == _key(ANONYMOUS)


def _key(user: User) -> tuple[str, str]:
    return (user.subject, user.issuer)


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return the claim NAME; where there is none of that name, `a.b` is `b` inside of `a`."""
    if name in claims:
        return claims[name]
    outer, dot, inner = name.partition(".")
    inside = claims.get(outer) if dot else None
    return _claim(inside, inner) if isinstance(inside, Mapping) else None


def _texts(value: Any) -> Iterable[str]:
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return (item for item in listed if isinstance(item, str) and item)


def _scopes(claims: Mapping[str, Any]) -> Iterable[str]:
    """Yield the scopes: of `scope`, one text with blanks or a list, or of `scp` as some issuers call it."""
    for text in _texts(claims.get("scope", claims.get("scp"))):
        yield from text.split()


def _email(claims: Mapping[str, Any]) -> str:
    email = claims.get("email")
    usable = isinstance(email, str) and email.isprintable() and claims.get("email_verified", True) is not False
    return str(email) if usable else ""
