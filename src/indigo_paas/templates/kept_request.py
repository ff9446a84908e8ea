# SPDX-License-Identifier: Apache-2.0
"""What a deployment is asked to be, kept in its directory as an Ansible inventory source."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indigo_paas.errors import IndigoError
from indigo_paas.ground.paths import DeploymentFiles, private_directory, write_private

# Ansible reads the files of a directory by name, and the sites have to be known before the deployment.
_SITES = "0-sites"
_SHARED = ("group_vars", "host_vars")

PLUGIN = "indigo.paas.deployment"
_HEAD = "---\n# Written by indigo-paas. An inventory source of Ansible: it comes after the sites' inventory.\n"


@dataclass(frozen=True)
class Request:
    """What a deployment shall be.

    template: path of the copy of its template, relative to the deployment's directory.
    site: the only site where it may be; candidates: the only ones, where there are several.
    spread, max_providers_retry, keep_last_attempt, provider_timeout (minutes), may_move: how sites are tried, as the
    inventory plugin documents them.
    counts, removals: by node template, in place of the template's own. strict, trust_template: how it is read.
    """

    name: str
    template: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    site: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    removals: Mapping[str, list[str]] = field(default_factory=dict)
    strict: bool = False
    trust_template: bool = False
    candidates: list[str] = field(default_factory=list)
    spread: bool = False
    max_providers_retry: int | None = None
    keep_last_attempt: bool = True
    provider_timeout: float | None = None
    may_move: bool = False


@dataclass(frozen=True)
class Copy:
    """What is kept of a template.

    files: bytes by path; the paths lie to each other as those of the originals do. main: the path of the template.
    """

    files: Mapping[Path, bytes]
    main: Path

    def digest(self) -> str:
        """Return what tells this content from every other."""
        sums = {str(where): hashlib.sha256(data).hexdigest() for where, data in self.files.items()}
        listing = "\n".join(f"{total}  {where}" for where, total in sorted(sums.items()))
        return hashlib.sha256(listing.encode(errors="surrogateescape")).hexdigest()[:16]


def read(files: DeploymentFiles, proposed: bool = False) -> Request:
    """Return what the deployment in FILES is asked to be; raise IndigoError when that cannot be read.

    proposed: what it is asked to be next, where something is accepted and not begun yet.
    """
    import yaml

    source = files.proposed if proposed and files.proposed.exists() else files.source
    try:
        document = yaml.load(source.read_text(encoding="utf-8"), Loader=_loader())
        options = {key: document[key] for key in Request.__dataclass_fields__ if document.get(key) is not None}
        return Request(**options)
    except FileNotFoundError:
        name = files.root.name
        raise IndigoError(
            f"What {name} is asked to be is lost: {source} is not there. "
            f"'indigo-paas deploy TEMPLATE --name {name}' gives it a template again."
        ) from None
    except (OSError, ValueError, AttributeError, TypeError, yaml.YAMLError) as error:
        raise IndigoError(f"{source} cannot be read: {error}") from error


def write(files: DeploymentFiles, request: Request) -> None:
    """Write REQUEST to FILES in one step, so that a crash leaves the old or the new one."""
    write_to(files.source, Path("."), request)


def propose(files: DeploymentFiles, request: Request) -> None:
    """Write down that REQUEST comes next, beside what holds now."""
    write_to(files.proposed, Path("."), request)


def adopt(files: DeploymentFiles) -> None:
    """Let what was proposed hold from now on, where anything was."""
    if files.proposed.exists():
        files.proposed.replace(files.source)
        drop_old_templates(files, read(files))


def write_to(source: Path, root: Path, request: Request) -> None:
    """Write REQUEST to the file SOURCE in one step; ROOT is the deployment's directory as seen from there."""
    import yaml

    options = {
        "plugin": PLUGIN,
        "name": request.name,
        "template": str(root / request.template),
        "inputs": dict(request.inputs),
        "site": request.site,
        "candidates": list(request.candidates),
        "spread": request.spread,
        "max_providers_retry": request.max_providers_retry,
        "keep_last_attempt": request.keep_last_attempt,
        "provider_timeout": request.provider_timeout,
        "may_move": request.may_move,
        "counts": dict(request.counts),
        "removals": {group: list(nodes) for group, nodes in request.removals.items()},
        "strict": request.strict,
        "trust_template": request.trust_template,
        "state_dir": str(root),
    }
    text = _HEAD + yaml.safe_dump(
        {key: options[key] for key in options if _is_said(key, options[key])}, sort_keys=False
    )
    write_private(source, text)


def inventory_parts(sites: Path) -> dict[str, Path]:
    """Return what the inventory directory of a deployment has beside its source, by name: the source SITES, and what
    Ansible reads beside that."""
    beside = sites if sites.is_dir() else sites.parent
    shared = {name: beside / name for name in _SHARED if (beside / name).is_dir()}
    return {f"{_SITES}{sites.suffix if sites.is_file() else ''}": sites, **shared}


def _is_said(option: str, value: Any) -> bool:
    """Say whether VALUE differs from what OPTION is when nothing is said."""
    return value is False if option == "keep_last_attempt" else bool(value)


def kept_digest(request: Request) -> str:
    """Return the digest of the template that REQUEST names."""
    return Path(request.template).parts[1]


def keep_template(files: DeploymentFiles, copy: Copy) -> str:
    """Write COPY into FILES; return the path of its template, relative to the deployment's directory.

    Each content has a directory of its own: what a request names is never written to.
    """
    place = files.template / copy.digest()
    draft = files.template / "new"
    if not place.exists():
        shutil.rmtree(draft, ignore_errors=True)
        for where, data in copy.files.items():
            private_directory((draft / where).parent)
            (draft / where).write_bytes(data)
        draft.replace(place)
    return str((place / copy.main).relative_to(files.root))


def drop_old_templates(files: DeploymentFiles, request: Request) -> None:
    """Remove the copies of templates that REQUEST does not name."""
    for place in files.template.iterdir():
        if place.name != kept_digest(request):
            shutil.rmtree(place, ignore_errors=True)


def _loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
