# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that a container engine runs as nodes: an init system, an SSH server, Python, and no identity.

An image is made once for each recipe and found again by its tag, which carries a digest of the recipe.
It starts from the distribution's public base image where a registry answers, and is otherwise
bootstrapped from the distribution's own packages, so that a site without a registry works too.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import io
import json
import os
import platform
import shlex
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError

if TYPE_CHECKING:
    from docker.errors import APIError, DockerException, ImageNotFound
else:
    try:
        from docker.errors import APIError, DockerException, ImageNotFound
    except ImportError:  # the site that calls us says so
        APIError = DockerException = ImageNotFound = Exception

REPOSITORY = "indigo-paas/node"
IMAGE_LABEL = "indigo.paas.image"
SUITES = {"debian": {"11": "bullseye", "12": "bookworm", "13": "trixie"}}
BOOTSTRAPPED = ("debian",)
REGISTRY_TIMEOUT = 8
BUILD_TIMEOUT = 1200

# What Ansible needs on a node, and what services expect of a machine.
PACKAGES = (
    "acl",
    "ca-certificates",
    "dbus",
    "iproute2",
    "netbase",
    "openssh-server",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd-sysv",
)

Progress = Callable[[str], None]

FINISH = r"""set -eu
# Every node gets its own identity when it is made.
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
: >/etc/machine-id

# A public base image forbids its services to start; a node must not.
rm -f /usr/sbin/policy-rc.d /etc/apt/apt.conf.d/docker-*

rm -f /etc/dpkg/dpkg.cfg.d/99mmdebstrap /etc/apt/apt.conf.d/99mmdebstrap
cat >/etc/dpkg/dpkg.cfg.d/indigo-paas <<'CONF'
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
force-unsafe-io
CONF
cat >/etc/apt/apt.conf.d/90indigo-paas <<'CONF'
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::GzipIndexes "true";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
CONF
rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /var/cache/apt/*.bin
rm -rf /var/log/apt /var/log/dpkg.log /var/log/alternatives.log

mkdir -p /etc/ssh/sshd_config.d
cat >/etc/ssh/sshd_config.d/indigo-paas.conf <<'CONF'
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
MaxStartups 100:30:300
CONF

# Sessions live in the SSH server's control group: one that runs out of memory must not stop the server.
mkdir -p /etc/systemd/system/ssh.service.d
cat >/etc/systemd/system/ssh.service.d/indigo-paas.conf <<'CONF'
[Service]
OOMPolicy=continue
CONF

# A container has no consoles, seats or disks of its own; what follows would only delay its start.
for unit in \
  apt-daily-upgrade.timer apt-daily.timer console-getty.service dev-hugepages.mount dpkg-db-backup.timer \
  e2scrub_all.timer e2scrub_reap.service fstrim.timer getty.target ldconfig.service sshd-keygen.service \
  sys-fs-fuse-connections.mount systemd-firstboot.service systemd-hwdb-update.service \
  systemd-journal-catalog-update.service systemd-journal-flush.service systemd-logind.service \
  systemd-modules-load.service systemd-remount-fs.service systemd-timesyncd.service systemd-udevd.service \
  systemd-update-done.service tmp.mount; do
  ln -sf /dev/null "/etc/systemd/system/$unit"
done
ln -sf /lib/systemd/system/multi-user.target /etc/systemd/system/default.target
systemctl enable ssh.service >/dev/null 2>&1 || true
"""

# A node that installs these packages finds their files, and asks its mirror only whether they are still the latest.
FETCH = r"""
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --download-only {packages}
rm -rf /var/cache/apt/*.bin
"""


@dataclass(frozen=True)
class Recipe:
    """What goes into an image.

    packages   installed besides those of every node
    base       image to start from; the distribution's public image when None
    mirror     package mirror to bootstrap from; the distribution's default when None
    fetched    packages whose files are kept, with those of what they need, for nodes to install
    """

    distribution: str
    version: str
    packages: tuple[str, ...] = ()
    base: str | None = None
    mirror: str | None = None
    fetched: tuple[str, ...] = ()

    @property
    def suite(self) -> str:
        """The release as the distribution's archive calls it."""
        return SUITES.get(self.distribution, {}).get(self.version, self.version)

    @property
    def all_packages(self) -> tuple[str, ...]:
        return tuple(sorted({*PACKAGES, *self.packages}))

    @property
    def base_reference(self) -> str:
        return self.base or f"{self.distribution}:{self.suite}"

    @property
    def finish(self) -> str:
        """The shell script that runs in the image last."""
        return FINISH + (FETCH.format(packages=shlex.join(self.fetched)) if self.fetched else "")

    @property
    def digest(self) -> str:
        """First 12 hexadecimal digits of the SHA-256 of all that decides the image's content."""
        content = json.dumps([asdict(self), self.all_packages, self.finish], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @property
    def reference(self) -> str:
        """The image's name in the engine."""
        return f"{REPOSITORY}:{self.distribution}-{self.version}-{self.digest}"

    @property
    def labels(self) -> dict[str, str]:
        return {IMAGE_LABEL: f"{self.distribution}-{self.version}"}


class ImageBuilder:
    """Makes the images that a site's engine lacks.

    api        low-level client of the engine (docker.APIClient)
    fast_api   the same with a short timeout, to ask whether a registry answers
    progress   called with one line of text at each step
    """

    def __init__(self, api: Any, fast_api: Any, progress: Progress) -> None:
        self._api = api
        self._fast_api = fast_api
        self._progress = progress
        self._silent_registries: set[str] = set()

    def ensure(self, recipe: Recipe) -> str:
        """Return the reference of RECIPE's image, made first where it is missing.

        Several processes may ask for one image at once: one of them makes it.
        Raises SiteError where it can not be made.
        """
        if self._has(recipe.reference):
            return recipe.reference
        with _locked(recipe.reference, self._progress):
            if not self._has(recipe.reference):
                self._build(recipe)
        return recipe.reference

    def _has(self, reference: str) -> bool:
        try:
            self._api.inspect_image(reference)
        except ImageNotFound:
            return False
        return True

    def _build(self, recipe: Recipe) -> None:
        title = f"{recipe.distribution} {recipe.version}"
        started = time.monotonic()
        if self._has(recipe.base_reference) or self._registry_answers(recipe.base_reference):
            self._progress(f"Building the node image {title} from {recipe.base_reference}, once for this engine")
            self._extend(recipe)
        else:
            _require_bootstrap(recipe, self._api.info().get("Architecture"))
            self._progress(f"Building the node image {title} from packages, once for this engine")
            self._bootstrap(recipe)
        self._progress(f"Built the node image {title} in {time.monotonic() - started:.0f} s")

    def _registry_answers(self, reference: str) -> bool:
        registry = reference.rpartition("/")[0]
        if registry in self._silent_registries:
            return False
        try:
            self._fast_api.inspect_distribution(reference)
        except (DockerException, OSError):
            self._silent_registries.add(registry)
            return False
        return True

    def _extend(self, recipe: Recipe) -> None:
        """Install into the base image by the engine's own builder, on the host's network."""
        output: list[str] = []
        try:
            for event in self._api.build(
                fileobj=_build_context(recipe),
                custom_context=True,
                tag=recipe.reference,
                labels=recipe.labels,
                network_mode="host",
                rm=True,
                forcerm=True,
                decode=True,
            ):
                output.append(event.get("stream", ""))
                if "error" in event:
                    raise _failed(recipe, "\n".join([*"".join(output).splitlines()[-5:], event["error"]]))
        except APIError as error:
            raise _failed(recipe, str(error.explanation or error)) from error

    def _bootstrap(self, recipe: Recipe) -> None:
        with _workspace(recipe) as directory:
            # A whole file first: an import whose stream breaks off would leave a broken image behind.
            archive = os.path.join(directory, "root.tar")
            script = os.path.join(directory, "finish.sh")
            with open(script, "w", encoding="utf-8") as stream:
                stream.write(recipe.finish)
            _run_bootstrap(recipe, bootstrap_command(recipe, archive, script))
            repository, _colon, tag = recipe.reference.partition(":")
            changes = [f"LABEL {name}={value}" for name, value in recipe.labels.items()]
            answer = self._api.import_image_from_file(archive, repository=repository, tag=tag, changes=changes)
        if not self._has(recipe.reference):
            raise _failed(recipe, str(answer).strip())


def bootstrap_command(recipe: Recipe, archive: str, script: str) -> list[str]:
    """Return the command that writes RECIPE's root file system to ARCHIVE and runs SCRIPT inside it last."""
    options = [
        "--variant=minbase",
        # What of apt's stays, the script decides.
        "--skip=cleanup/reproducible,cleanup/apt",
        f"--include={','.join(recipe.all_packages)}",
        "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/info/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=force-unsafe-io",
        '--aptopt=Acquire::Languages "none"',
        f'--customize-hook=chroot "$1" /bin/sh -e <{shlex.quote(script)}',
    ]
    return ["mmdebstrap", *options, recipe.suite, archive, *([recipe.mirror] if recipe.mirror else [])]


def _require_bootstrap(recipe: Recipe, architecture: str | None) -> None:
    title = f"{recipe.distribution} {recipe.version}"
    what = f"The node image {title} cannot be built: no registry has {recipe.base_reference}"
    if recipe.distribution not in BOOTSTRAPPED:
        raise SiteError(
            f"{what}, and only {', '.join(BOOTSTRAPPED)} can be built from packages",
            hint="Load the base image into the engine, or ask for another distribution.",
            bad_input=True,
        )
    if shutil.which("mmdebstrap") is None:
        raise SiteError(
            f"{what}, and mmdebstrap, which builds it from packages, is not installed",
            hint="Install the package mmdebstrap, or load the base image into the engine.",
            bad_input=True,
        )
    if architecture not in (None, platform.machine()):
        raise SiteError(
            f"{what}, and packages of this machine ({platform.machine()}) do not run at the engine ({architecture})",
            hint="Load the base image into the engine.",
            bad_input=True,
        )


def _run_bootstrap(recipe: Recipe, command: list[str]) -> None:
    try:
        subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=BUILD_TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise _failed(recipe, f"mmdebstrap took longer than {BUILD_TIMEOUT} s") from error
    except subprocess.CalledProcessError as error:
        raise _failed(recipe, "\n".join(error.stderr.splitlines()[-5:])) from error


def _build_context(recipe: Recipe) -> io.BytesIO:
    packages = " ".join(shlex.quote(package) for package in recipe.all_packages)
    files = {
        "finish.sh": recipe.finish,
        "Dockerfile": f"FROM {recipe.base_reference}\n"
        "COPY finish.sh /finish.sh\n"
        "RUN apt-get update -qq"
        f" && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends {packages}"
        " && sh -e /finish.sh && rm /finish.sh\n",
    }
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, text in files.items():
            data = text.encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    context.seek(0)
    return context


def _failed(recipe: Recipe, reason: str) -> SiteError:
    return SiteError(f"Building the node image {recipe.distribution} {recipe.version} failed: {reason}")


@functools.cache
def _cache_directory() -> str:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    directory = os.path.join(base, "indigo-paas")
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
    except OSError as error:
        raise SiteError(
            f"The directory {directory} for building images cannot be made: {error.strerror}",
            hint="Set XDG_CACHE_HOME to a directory that can be written.",
            bad_input=True,
        ) from error
    return directory


@contextlib.contextmanager
def _workspace(recipe: Recipe) -> Iterator[str]:
    """Give a directory for RECIPE's build, of which one runs at a time, and clear what a killed one left there."""
    directory = os.path.join(_cache_directory(), f"image-{recipe.digest}")
    shutil.rmtree(directory, ignore_errors=True)
    os.mkdir(directory, mode=0o700)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def _locked(reference: str, progress: Progress) -> Iterator[None]:
    """Hold the lock on building REFERENCE; the system lets go of it when this process dies."""
    name = reference.replace("/", "_").replace(":", "_")
    with open(os.path.join(_cache_directory(), f"{name}.lock"), "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Waiting for another command that builds the same node image")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
