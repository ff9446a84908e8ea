# SPDX-License-Identifier: Apache-2.0
"""The environment of Ansible's commands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from indigo_paas.ground import leftovers, paths
from indigo_paas.runner.job import Job
from indigo_paas.templates import collection

# How many nodes are worked on at a time, where the user does not say.
FORKS = "20"

# What is better or cheaper than the defaults, and what must not depend on the user's own settings.
_SETTINGS = {
    "ANSIBLE_PIPELINING": "true",
    "ANSIBLE_INJECT_FACT_VARS": "false",
    "ANSIBLE_HOST_KEY_CHECKING": "true",
    "ANSIBLE_NOCOLOR": "true",
    "ANSIBLE_FORCE_COLOR": "false",
    "ANSIBLE_NOCOWS": "true",
    "ANSIBLE_DEPRECATION_WARNINGS": "false",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    # Progress is made of the default callback's events; what it prints is for -v.
    "ANSIBLE_STDOUT_CALLBACK": "default",
}
_USER_COLLECTIONS = "~/.ansible/collections:/usr/share/ansible/collections"
_USER_ROLES = "~/.ansible/roles:/usr/share/ansible/roles:/etc/ansible/roles"


def own() -> dict[str, str]:
    """Return the environment in which Ansible's commands run, for this process's own."""
    return environment(os.environ, collection.root(), paths.scripts())


def of_job(job: Job, sockets: Path) -> dict[str, str]:
    """Return the environment of JOB on this machine; SOCKETS is a directory for those of ssh."""
    told = {
        **own(),
        leftovers.MARKER: leftovers.marker(job.deployment, job.run),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets),
        # A source that cannot be read must not look like an empty one.
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": str(not job.lenient).lower(),
    }
    return with_artifacts(told, job.files.artifacts, job.cache) if job.external else told


def environment(base: Mapping[str, str], collections: Path, scripts: Path) -> dict[str, str]:
    """Return BASE with what Ansible's commands need.

    collections: the directory that holds ansible_collections/indigo/paas; it wins over stale copies.
    scripts: the directory of ansible-playbook and its like.
    """
    known = base.get("ANSIBLE_COLLECTIONS_PATH") or _USER_COLLECTIONS
    result = {
        "ANSIBLE_FORKS": FORKS,
        **base,
        **_SETTINGS,
        "ANSIBLE_COLLECTIONS_PATH": f"{collections}:{known}",
        "PATH": f"{scripts}:{base.get('PATH', os.defpath)}",
    }
    if "UTF-8" not in (base.get("LC_ALL") or base.get("LC_CTYPE") or base.get("LANG") or "").upper():
        result["LC_ALL"] = "C.UTF-8"
    return result


def with_artifacts(environment: Mapping[str, str], artifacts: Path, cache: Path) -> dict[str, str]:
    """Return ENVIRONMENT, as `environment` makes it, for a run with playbooks from elsewhere.

    artifacts: of the deployment; Ansible looks there for collections and roles, and must see it when it starts.
    cache: where it fetches them to.
    """
    collections = artifacts / "collections"
    (collections / "ansible_collections").mkdir(mode=0o700, parents=True, exist_ok=True)
    roles = environment.get("ANSIBLE_ROLES_PATH") or _USER_ROLES
    own, _colon, known = environment["ANSIBLE_COLLECTIONS_PATH"].partition(":")
    return {
        **environment,
        "ANSIBLE_COLLECTIONS_PATH": f"{own}:{collections}:{known}",
        "ANSIBLE_ROLES_PATH": f"{artifacts / 'roles'}:{roles}",
        "INDIGO_PAAS_CACHE": str(cache),
    }
