# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scope for what roles and playbooks set: facts, registered results and included variables of one run.

Ansible keeps all that a task sets for a host until the end, and above a role's own variables; no task can take it back.
So what a run has set is taken out of Ansible's variable manager here, between the runs. That manager is in the main
process alone: the workers of tasks have copies. So this is called where Ansible evaluates in the main process, which is
the condition of a meta task.
"""

from __future__ import annotations

import multiprocessing
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.indigo.paas.plugins.plugin_utils.plain import plain

# What Ansible and its kin find out about a machine; any other cached fact is what a task made of it.
_OF_MACHINE = ("ansible_", "discovered_interpreter_", "facter_", "ohai_", "gather_subset", "module_setup")

# The variable in which a host has what its components told: {component: {operation: {fact: value}}}.
TOLD = "paas_told"

Variables = dict[str, Any]


@dataclass
class _Set:
    """What tasks have set for one host: by set_fact and register, by include_vars, and as cached facts."""

    facts: Variables
    included: Variables
    cached: Variables


_NOTHING = _Set({}, {}, {})


@dataclass
class _Scopes:
    """The scopes of one run of Ansible: what was there before the one that is open, and what others have left."""

    before: dict[str, _Set] = field(default_factory=dict)
    left: dict[tuple[str, str], _Set] = field(default_factory=dict)


_ALL: weakref.WeakKeyDictionary[Any, _Scopes] = weakref.WeakKeyDictionary()


def begin(hostvars: Any, hosts: Iterable[str], scope: str) -> None:
    """Open a scope for HOSTS: what it set when it was open before is there again, what others set is not.

    It is for all others too that have variables, such as localhost: tasks can delegate what they set. A scope that is
    still open, because what ran in it failed, ends for HOSTS: the others may have gone on without it.
    """
    manager, scopes = _of(hostvars)
    hosts = list(hosts)
    for host in hosts:
        if host in scopes.before:
            _reset(manager, host, scopes.before[host])
    scopes.before = {}
    for host in _all_of(manager, scopes, hosts):
        scopes.before[host] = _current(manager, host)
        left = scopes.left.get((scope, host))
        if left is not None:
            manager._nonpersistent_fact_cache[host].update(left.facts)
            manager._vars_cache[host].update(left.included)
            if left.cached:
                manager._fact_cache.set(host, {**_cached(manager, host), **left.cached})


def end(hostvars: Any, hosts: Iterable[str], scope: str, tells: Iterable[Mapping[str, Any]]) -> None:
    """Close a scope for HOSTS; of what it set, only the facts that TELLS names stay, in the variable TOLD.

    TELLS are as the stages of a plan have them: {component, operation, group, facts}.
    """
    manager, scopes = _of(hostvars)
    hosts, tells = list(hosts), list(tells)
    if not scopes.before:
        return
    for host in _all_of(manager, scopes, hosts):
        before = scopes.before.get(host, _NOTHING)
        now = _current(manager, host)
        left = _Set(
            _changed(before.facts, now.facts),
            _changed(before.included, now.included),
            _not_of_machine(_changed(before.cached, now.cached)),
        )
        scopes.left[scope, host] = left
        _reset(manager, host, before)
        told = _told_facts(left.facts, [each for each in tells if _is_in(manager, host, each["group"])])
        if told:
            earlier = manager._nonpersistent_fact_cache[host].get(TOLD, {})
            manager.set_nonpersistent_facts(host, {TOLD: _merged(earlier, told)})
    scopes.before = {}


def told_by(manager: Any, host: str) -> Variables:
    """Return what the components on HOST have told so far, as plain data, out of Ansible's variable manager."""
    told: Variables = plain(manager._nonpersistent_fact_cache[host].get(TOLD) or {})
    return told


def manager_of(hostvars: Any) -> Any:
    """Return Ansible's variable manager; raise AnsibleError where this is not the main process."""
    return _of(hostvars)[0]


def _of(hostvars: Any) -> tuple[Any, _Scopes]:
    manager = getattr(hostvars, "_variable_manager", None)
    caches = ("_nonpersistent_fact_cache", "_vars_cache", "_fact_cache", "_inventory")
    if manager is None or not all(hasattr(manager, name) for name in caches):
        raise AnsibleError("This version of ansible-core keeps variables otherwise than indigo.paas knows.")
    if multiprocessing.parent_process() is not None:
        raise AnsibleError("A scope begins and ends in the condition of a meta task, nowhere else.")
    return manager, _ALL.setdefault(manager, _Scopes())


def _all_of(manager: Any, scopes: _Scopes, hosts: Iterable[str]) -> list[str]:
    """Return HOSTS, and all others for which anything was set."""
    return list(dict.fromkeys((*hosts, *scopes.before, *manager._nonpersistent_fact_cache, *manager._vars_cache)))


def _current(manager: Any, host: str) -> _Set:
    return _Set(
        dict(manager._nonpersistent_fact_cache[host]), dict(manager._vars_cache[host]), dict(_cached(manager, host))
    )


def _cached(manager: Any, host: str) -> Variables:
    try:
        facts: Variables = manager._fact_cache.get(host)
    except KeyError:
        return {}
    return facts


def _reset(manager: Any, host: str, before: _Set) -> None:
    """Make what is set for a host what it was before; what was gathered since is of the machine, and stays."""
    set_ = _changed(before.facts, manager._nonpersistent_fact_cache[host])
    cached = _cached(manager, host)
    # A fact that is set with `cacheable` is in both.
    gathered = {name: value for name, value in cached.items() if name not in set_ and name.startswith(_OF_MACHINE)}
    kept = {**before.cached, **gathered}
    if kept != cached:
        manager._fact_cache.set(host, kept)
    manager._nonpersistent_fact_cache[host] = dict(before.facts)
    manager._vars_cache[host] = dict(before.included)


def _changed(before: Variables, now: Variables) -> Variables:
    return {name: value for name, value in now.items() if name not in before or before[name] is not value}


def _not_of_machine(facts: Variables) -> Variables:
    return {name: value for name, value in facts.items() if not name.startswith(_OF_MACHINE)}


def _is_in(manager: Any, host: str, group: str) -> bool:
    found = manager._inventory.get_host(host)
    if found is None:
        return False
    # One that is only asked, or leaves, is in no group of the plan; what the site says of it names its group.
    return (
        group in [each.name for each in found.get_groups()] or (found.vars.get("paas_node") or {}).get("group") == group
    )


def _told_facts(facts: Variables, tells: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Variables]]:
    told: dict[str, dict[str, Variables]] = {}
    for each in tells:
        found = {name: facts[name] for name in each["facts"] if name in facts}
        if found:
            told.setdefault(each["component"], {})[str(each["operation"])] = found
    return told


def _merged(earlier: Any, told: dict[str, dict[str, Variables]]) -> dict[str, dict[str, Variables]]:
    return {
        component: {**earlier.get(component, {}), **told.get(component, {})}
        for component in dict.fromkeys([*earlier, *told])
    }
