# SPDX-License-Identifier: Apache-2.0
"""What a deployment is asked to be, kept in its directory as an Ansible inventory source."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indigo_paas.errors import IndigoError
from indigo_paas.paths import DeploymentFiles, private_directory

PLUGIN = "indigo.paas.deployment"
_HEAD = "---\n# Written by indigo-paas. An inventory source of Ansible: it comes after the sites' inventory.\n"


@dataclass(frozen=True)
class Request:
    """What a deployment shall be.

    template: path of the copy of its template, relative to the deployment's directory.
    counts, removals: by node template, in place of the template's own.
    """

    name: str
    template: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    site: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    removals: Mapping[str, list[str]] = field(default_factory=dict)


def read(files: DeploymentFiles) -> Request:
    """Return what the deployment in FILES is asked to be; raise IndigoError when that cannot be read."""
    import yaml

    try:
        document = yaml.load(files.source.read_text(encoding="utf-8"), Loader=_loader())
        options = {key: document.get(key) for key in Request.__dataclass_fields__ if document.get(key)}
        return Request(**options)
    except (OSError, ValueError, AttributeError, TypeError, yaml.YAMLError) as error:
        raise IndigoError(f"{files.source} cannot be read: {error}") from error


def write(files: DeploymentFiles, request: Request) -> None:
    """Write REQUEST to FILES in one step, so that a crash leaves the old or the new one."""
    write_to(files.source, Path("."), request)


def write_to(source: Path, root: Path, request: Request) -> None:
    """Write REQUEST to the file SOURCE in one step; ROOT is the deployment's directory as seen from there."""
    import yaml

    options = {
        "plugin": PLUGIN,
        "name": request.name,
        "template": str(root / request.template),
        "inputs": dict(request.inputs),
        "site": request.site,
        "counts": dict(request.counts),
        "removals": {group: list(nodes) for group, nodes in request.removals.items()},
        "state_dir": str(root),
    }
    text = _HEAD + yaml.safe_dump({key: value for key, value in options.items() if value}, sort_keys=False)
    draft = source.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(source)


def digest(template: Path, imports: Iterable[Path]) -> str:
    """Return what tells TEMPLATE with its local IMPORTS from every other: it depends on no place."""
    sources = _sources(template, imports)
    sums = {str(where): hashlib.sha256(path.read_bytes()).hexdigest() for where, path in sources.items()}
    listing = "\n".join(f"{total}  {where}" for where, total in sorted(sums.items()))
    return hashlib.sha256(listing.encode(errors="surrogateescape")).hexdigest()[:16]


def kept_digest(request: Request) -> str:
    """Return the digest of the template that REQUEST names."""
    return Path(request.template).parts[1]


def keep_template(files: DeploymentFiles, template: Path, imports: Iterable[Path]) -> str:
    """Copy TEMPLATE and its local IMPORTS into FILES; return the copy's path, relative to the directory.

    The copies lie to each other as the originals do, so relative imports hold. Each content has
    a directory of its own: what a request names is never written to.
    """
    imports = list(imports)
    place = files.template / digest(template, imports)
    draft = files.template / "new"
    if not place.exists():
        shutil.rmtree(draft, ignore_errors=True)
        for where, path in _sources(template, imports).items():
            private_directory((draft / where).parent)
            shutil.copyfile(path, draft / where)
        draft.replace(place)
    main = place / next(where for where, path in _sources(template, imports).items() if path == template)
    return str(main.relative_to(files.root))


def drop_old_templates(files: DeploymentFiles, request: Request) -> None:
    """Remove the copies of templates that REQUEST does not name."""
    for place in files.template.iterdir():
        if place.name != kept_digest(request):
            shutil.rmtree(place, ignore_errors=True)


def _sources(template: Path, imports: Iterable[Path]) -> dict[Path, Path]:
    """Return the files by their path from the directory that holds them all."""
    paths = [template, *(path for path in imports if path != template)]
    top = os.path.commonpath([path.parent for path in paths])
    return {path.relative_to(top): path for path in paths}


def _loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
