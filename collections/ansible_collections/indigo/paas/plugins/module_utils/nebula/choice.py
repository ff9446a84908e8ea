# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the things of one name is meant. Pure.

At OpenNebula a name is its owner's alone: any user may give an image or a network a name that another one bears, and
let everybody use it. Pools list the newest first. So the first of a name is nobody's choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError, did_you_mean

ADMINISTRATOR = "0"  # id of the user oneadmin, and of the group oneadmin
OS_IMAGE, DATABLOCK = 0, 2

# STATE of what can be used, and the names of the other states.
READY_IMAGES = {1: "READY", 2: "USED", 8: "USED_PERS"}
READY_NETWORKS = {1: "READY"}
IMAGE_STATES = {
    0: "INIT",
    3: "DISABLED",
    4: "LOCKED",
    5: "ERROR",
    6: "CLONE",
    7: "DELETE",
    9: "LOCKED_USED",
    10: "LOCKED_USED_PERS",
}
NETWORK_STATES = {0: "INIT", 2: "LOCK_CREATE", 3: "LOCK_DELETE", 4: "DONE", 5: "ERROR", 6: "UPDATE_FAILURE"}


class Kind(NamedTuple):
    """A kind of things: its name, whether a stranger's is taken by name alone, and states in which it can be used."""

    name: str
    guarded: bool
    ready: Mapping[int, str] | None = None
    states: Mapping[int, str] = {}


# A machine hands its host key to what its image runs: no image is taken for another's because of its name.
IMAGE = Kind("image", True, READY_IMAGES, IMAGE_STATES)
TEMPLATE = Kind("template", True)
NETWORK = Kind("virtual network", False, READY_NETWORKS, NETWORK_STATES)


def find(site: str, kind: Kind, pool: Iterable[Any], wanted: str, account: Callable[[], str]) -> Any:
    """Return the entry of POOL that WANTED names: by id, as OWNER/NAME, or by name.

    A name is that of the account's own thing; else of the only one that others let it use.

    account   returns the id of the user

    Raises SiteError (bad_input) where there is none, where several users have one of that name, where a stranger's
    image or template is named without its owner, and where it is not ready.
    """
    entries = sorted(pool, key=lambda entry: int(entry.ID))
    found = [entry for entry in entries if wanted in (str(entry.ID), full_name(entry))]
    found = found or _by_name(site, kind, [entry for entry in entries if wanted == entry.NAME], account)
    if not found:
        hint = did_you_mean(wanted, [entry.NAME for entry in entries], what=f"{kind.name}s")
        raise SiteError(f"Site '{site}' has no {kind.name} '{wanted}'", hint=hint, bad_input=True)
    _require_ready(site, kind, found[0], wanted)
    return found[0]


def full_name(entry: Any) -> str:
    """Return OWNER/NAME of ENTRY, which is one at most: names hold no slash."""
    return f"{entry.UNAME}/{entry.NAME}"


def offered(pool: Iterable[Any], account: str) -> list[dict[str, str]]:
    """Return the images of POOL that nodes are made of where none are configured, as entries of `site_images`.

    They are the account's own and the administrators', without persistent ones, which only one machine may have. The
    oldest comes first: it is the default, whatever anybody uploads later. Where the account has one of the name of an
    administrator's, the latter is called OWNER/NAME.
    """
    images = sorted((image for image in pool if is_system(image)), key=lambda image: int(image.ID))
    trusted = [image for image in images if is_trusted(image, account) and not is_persistent(image)]
    own = {image.NAME for image in trusted if str(image.UID) == account}
    names: set[str] = set()
    entries = []
    for image in trusted:
        plain = image.NAME not in names and (str(image.UID) == account or image.NAME not in own)
        names |= {image.NAME} if plain else set()
        entries.append({"name": image.NAME if plain else full_name(image), "image": str(image.ID)})
    return entries


def is_system(image: Any) -> bool:
    """Return whether IMAGE holds an operating system and is ready."""
    return int(image.TYPE) == OS_IMAGE and int(image.STATE) in READY_IMAGES


def is_trusted(entry: Any, account: str) -> bool:
    """Return whether ENTRY is the account's own or an administrator's."""
    return str(entry.UID) in (account, ADMINISTRATOR) or str(entry.GID) == ADMINISTRATOR


def is_persistent(image: Any) -> bool:
    """Return whether only one machine at a time may have IMAGE."""
    return int(image.PERSISTENT) == 1


def _by_name(site: str, kind: Kind, named: list[Any], account: Callable[[], str]) -> list[Any]:
    if not named:
        return []
    user = account()
    own = [entry for entry in named if str(entry.UID) == user]
    if own:
        return own[:1]
    if len(named) > 1:
        candidates = ", ".join(f"{full_name(entry)} (id {entry.ID})" for entry in named)
        raise SiteError(
            f"Site '{site}' has more than one {kind.name} '{named[0].NAME}': {candidates}",
            hint="Name it as OWNER/NAME, or by its id.",
            bad_input=True,
        )
    if kind.guarded and not is_trusted(named[0], user):
        raise SiteError(
            f"Site '{site}': the {kind.name} '{named[0].NAME}' is neither the account's own nor an administrator's",
            hint=f"If its owner is to be trusted with nodes, name it {full_name(named[0])}, or by id: {named[0].ID}.",
            bad_input=True,
        )
    return named


def _require_ready(site: str, kind: Kind, entry: Any, wanted: str) -> None:
    # Networks of old versions have no state.
    if kind.ready is None or entry.STATE is None or int(entry.STATE) in kind.ready:
        return
    state = kind.states.get(int(entry.STATE), entry.STATE)
    raise SiteError(
        f"Site '{site}': the {kind.name} '{wanted}' (id {entry.ID}) is not ready: its state is {state}", bad_input=True
    )
