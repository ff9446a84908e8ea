# SPDX-License-Identifier: Apache-2.0
"""Claims become a user; who may see and change what."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indigo_paas.service.identity import users
from indigo_paas.service.identity.errors import InsufficientScope
from indigo_paas.service.identity.settings import Issuer
from indigo_paas.service.model import ANONYMOUS, User

IAM, OTHER = "https://iam.example.org/", "https://other.example.org"


@dataclasses.dataclass(frozen=True)
class Deployment:
    owner_subject: str = ""
    owner_issuer: str = ""
    user_group: str | None = None


def issuer(**more):
    return Issuer(url=IAM, audience=(), **more)


def user_of(claims, **more):
    return users.user_of({"sub": "alice", **claims}, issuer(**more), "token")


@pytest.mark.parametrize(
    ("claims", "groups"),
    [
        ({}, set()),
        ({"groups": ["cms", "cms/admins"]}, {"cms", "cms/admins"}),
        ({"groups": "cms"}, {"cms"}),
        ({"wlcg.groups": ["/cms"]}, {"/cms"}),
        ({"wlcg": {"groups": ["/cms"]}}, {"/cms"}),
        (
            {"groups": ["a"], "wlcg.groups": ["/b"], "entitlements": ["c"], "eduperson_entitlement": ["d"]},
            {"a", "/b", "c", "d"},
        ),
        ({"groups": ["a", "", 7, None, ["b"], {"c": 1}]}, {"a"}),
        ({"groups": {"a": True}}, set()),
        ({"groups": None}, set()),
        ({"roles": ["a"]}, set()),
    ],
)
def test_groups(claims, groups):
    assert user_of(claims).groups == groups


def test_groups_of_other_claims():
    claims = {"realm_access": {"roles": ["operator"]}, "https://example.org/teams": ["t"], "groups": ["not looked at"]}
    names = ("realm_access.roles", "https://example.org/teams")
    assert user_of(claims, groups_claims=names).groups == {"operator", "t"}
    for wrong in ({"realm_access": ["roles"]}, {"realm_access": None}, {"realm_access": {"roles": {"a": 1}}}):
        assert user_of(wrong, groups_claims=names).groups == set()


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({}, set()),
        ({"scope": "openid  profile"}, {"openid", "profile"}),
        ({"scope": ["openid", "profile email"]}, {"openid", "profile", "email"}),
        ({"scp": "openid"}, {"openid"}),
        ({"scope": "a", "scp": "b"}, {"a"}),
        ({"scope": {"openid": 1}}, set()),
    ],
)
def test_scopes(claims, scopes):
    assert user_of(claims).scopes == scopes


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email": "a@example.org"}, "a@example.org"),
        ({"email": "a@example.org", "email_verified": True}, "a@example.org"),
        ({"email": "a@example.org", "email_verified": False}, ""),
        ({"email": "a@example.org\nBcc: b@example.org"}, ""),
        ({"email": ["a@example.org"]}, ""),
        ({}, ""),
    ],
)
def test_email(claims, email):
    assert user_of(claims).email == email


@pytest.mark.parametrize(
    ("claims", "admin"),
    [
        ({}, False),
        ({"sub": "root"}, True),
        ({"groups": ["paas/admins"]}, True),
        ({"groups": ["paas/admins/not"]}, False),
        ({"groups": "paas/admins"}, True),
        ({"admin": True, "admins": ["alice"]}, False),
    ],
)
def test_administrators(claims, admin):
    assert user_of(claims, admins=("root",), admin_groups=("paas/admins",)).admin is admin


def test_nobody_is_administrator_by_default():
    assert not user_of({"sub": "root", "groups": ["admins", "admin"]}).admin


def test_scopes_that_are_wanted():
    wanted = issuer(read_scopes=("openid",), change_scopes=("openid", "offline_access"))
    user = User("alice", IAM, scopes=frozenset({"openid"}))
    users.require_scopes(user, wanted, changes=False)
    users.require_scopes(user, issuer(), changes=True)
    with pytest.raises(
        InsufficientScope, match="lacks the scope offline_access. Get one with the scopes openid off"
    ) as refused:
        users.require_scopes(user, wanted, changes=True)
    assert refused.value.scopes == ("openid", "offline_access")
    with pytest.raises(InsufficientScope):
        users.require_scopes(User("alice", IAM), wanted, changes=False)


ALICE = User("alice", IAM, groups=frozenset({"cms"}))
ADMIN = User("root", OTHER, admin=True)
MINE = Deployment("alice", IAM)
NOBODYS = Deployment()


@pytest.mark.parametrize(
    ("user", "deployment", "sees", "changes"),
    [
        (ALICE, MINE, True, True),
        (ALICE, Deployment("alice", OTHER), False, False),
        (ALICE, Deployment("bob", IAM), False, False),
        (ALICE, Deployment("bob", IAM, "cms"), True, False),
        (ALICE, Deployment("bob", OTHER, "cms"), False, False),
        (ALICE, Deployment("bob", IAM, "atlas"), False, False),
        (ALICE, Deployment("bob", IAM, ""), False, False),
        (ALICE, Deployment("bob", IAM, "cm"), False, False),
        (ALICE, NOBODYS, False, False),
        (ALICE, Deployment("anonymous", ""), False, False),
        (User("anonymous", IAM), Deployment("anonymous", ""), False, False),
        (User("anonymous", IAM), NOBODYS, False, False),
        (ADMIN, MINE, True, True),
        (ADMIN, NOBODYS, True, True),
        (ADMIN, Deployment("anonymous", ""), True, True),
        (ANONYMOUS, NOBODYS, True, True),
        (ANONYMOUS, Deployment("anonymous", ""), True, True),
        (ANONYMOUS, Deployment("anonymous", IAM), False, False),
        (ANONYMOUS, MINE, False, False),
    ],
)
def test_who_may(user, deployment, sees, changes):
    assert users.may_see(user, deployment) is sees
    assert users.may_change(user, deployment) is changes


NAME = st.sampled_from(["", "a", "b"])
USERS = st.builds(User, NAME, NAME, st.frozensets(NAME.filter(bool)), st.booleans())
DEPLOYMENTS = st.builds(Deployment, NAME, NAME, st.none() | NAME)


@given(USERS, DEPLOYMENTS)
def test_rules_of_rights(user, deployment):
    owns = (user.subject, user.issuer) == (deployment.owner_subject, deployment.owner_issuer)
    assert users.may_change(user, deployment) == (user.admin or owns)
    assert users.may_see(user, deployment) or not users.may_change(user, deployment)
    if user.issuer != deployment.owner_issuer and not user.admin:
        assert not users.may_see(user, deployment)


@pytest.mark.parametrize(
    ("user", "group", "may"),
    [
        (ALICE, None, True),
        (ALICE, "", True),
        (ALICE, "cms", True),
        (ALICE, "atlas", False),
        (ADMIN, "atlas", True),
        (ANONYMOUS, "atlas", True),
        (User("anonymous", IAM), "atlas", False),
    ],
)
def test_for_which_group_somebody_may_deploy(user, group, may):
    assert users.may_deploy_for(user, group) is may
