# SPDX-License-Identifier: Apache-2.0
"""Where things are: the user's data, a deployment's files, the installed parts."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

HOME_VARIABLE = "INDIGO_PAAS_HOME"
SITES_VARIABLE = "INDIGO_PAAS_SITES"
DATABASE_VARIABLE = "INDIGO_PAAS_DATABASE"

# Names the file of the access token of the user for whom something runs, where there is one.
ACCESS_TOKEN_VARIABLE = "INDIGO_PAAS_ACCESS_TOKEN_FILE"

# Of the 107 bytes of a socket's path, ours and ansible's names take 34, and ssh adds 17 while it binds.
_LONGEST_SOCKET_PARENT = 50


@dataclass(frozen=True)
class DeploymentFiles:
    """The directory of one deployment, readable by its owner only."""

    root: Path

    @property
    def source(self) -> Path:
        """The inventory source of the plugin indigo.paas.deployment: all that is asked for."""
        return self.root / "cluster.indigo.yml"

    @property
    def proposed(self) -> Path:
        """What takes the place of `source` when the job begins that was accepted with it."""
        return self.root / "proposed.indigo.yml"

    @property
    def template(self) -> Path:
        """Directory of the template's verbatim copy, with the local files that it needs."""
        return self.root / "template"

    @property
    def ssh_key(self) -> Path:
        return self.root / "ssh_key"

    @property
    def known_hosts(self) -> Path:
        return self.root / "known_hosts"

    @property
    def artifacts(self) -> Path:
        """What the playbook deploy fetches for this deployment, below the source's state_dir."""
        return self.root / "artifacts"

    @property
    def mark(self) -> Path:
        """What the jobs of AWX for this deployment are known by, where it runs there."""
        return self.root / "awx-mark"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def runs(self) -> Path:
        return self.root / "runs"


@dataclass(frozen=True)
class Home:
    """The directory of all that indigo-paas keeps for one user."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "indigo-paas.db"

    @property
    def capacity(self) -> Path:
        """How many machines all sites could hold when they were last asked."""
        return self.root / "site-capacity.json"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def log(self, job: int) -> Path:
        return self.logs / f"job-{job}.txt"

    @property
    def access_tokens(self) -> Path:
        """Directory of users' access tokens, each for as long as a job runs."""
        return self.root / "access-tokens"

    def access_token(self, job: int, start: int) -> Path:
        """Return the file of a job's START: a process that comes too late leaves that of the next one alone."""
        return self.access_tokens / f"{job}-{start}"

    @property
    def sites(self) -> Path:
        return self.root / "sites"

    @property
    def artifacts(self) -> Path:
        """The cache of what was fetched for any deployment."""
        return self.root / "artifacts"

    @property
    def runs(self) -> Path:
        """What an execution node is given for runs, by deployment."""
        return self.root / "runs"

    def deployment(self, name: str) -> DeploymentFiles:
        return DeploymentFiles(self.root / "deployments" / name)


def home(chosen: str | os.PathLike[str] | None = None) -> Home:
    """Return the home: CHOSEN, else $INDIGO_PAAS_HOME, else the platform's place for a user's data."""
    place = chosen or os.environ.get(HOME_VARIABLE)
    if not place:
        from platformdirs import user_data_dir

        place = user_data_dir("indigo-paas", appauthor=False)
    return Home(Path(place).expanduser().absolute())


def embedded_sites() -> Path:
    """Return the inventory of the default site: beside this package in a wheel, else in the checkout."""
    package = Path(__file__).parents[1]
    shipped = package / "inventories" / "local"
    return shipped if shipped.exists() else package.parents[1] / "inventories" / "local"


def private_directory(path: Path) -> Path:
    """Make the directory PATH, for its owner only, and return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str) -> None:
    """Write TEXT to the file PATH, for its owner only, in one step, so that a crash leaves the old or the new one."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with open(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def scripts() -> Path:
    """Return the directory of the commands that came with this package, ansible-playbook among them."""
    beside = Path(sys.executable).parent
    return beside if (beside / "ansible-playbook").exists() else Path(sysconfig.get_path("scripts"))


def socket_directory(run: str) -> Path:
    """Make and return a private directory for the control sockets of ssh in RUN."""
    return Path(tempfile.mkdtemp(prefix=_socket_prefix(run), dir=_socket_parent()))


def remove_sockets(run: str) -> None:
    """Remove what `socket_directory` made for RUN."""
    for place in _socket_parent().glob(f"{_socket_prefix(run)}*"):
        shutil.rmtree(place, ignore_errors=True)


def _socket_parent() -> Path:
    usual = tempfile.gettempdir()
    return Path(usual if len(os.fsencode(usual)) <= _LONGEST_SOCKET_PARENT else "/tmp")


def _socket_prefix(run: str) -> str:
    return f"paas-{run.rpartition('-')[2]}-"
