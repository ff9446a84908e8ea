# SPDX-License-Identifier: Apache-2.0
"""How the service is set up: one TOML file, and INDIGO_PAAS_* variables which win over it.

Each section is a frozen dataclass; a key `limit` of the section `jobs` is [jobs] limit in the file, and
INDIGO_PAAS_JOBS_LIMIT in the environment. Keys at the top are INDIGO_PAAS_SITES and the like.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indigo_paas import runner
from indigo_paas.errors import BadInput, Problem
from indigo_paas.ground import paths
from indigo_paas.ground.masking import is_secret
from indigo_paas.runner.awx import Awx, Controller
from indigo_paas.runner.nodes import Node, Nodes
from indigo_paas.runner.settings import Settings
from indigo_paas.service.identity.settings import Identity

VARIABLE = "INDIGO_PAAS_CONFIG"
_PREFIX = "INDIGO_PAAS_"
# Of what is no setting, though it goes with them.
_UNSAID = {"is_setting": False}
_YES, _NO = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


@dataclass(frozen=True)
class Server:
    """Where it listens. forwarded_from: addresses of proxies whose X-Forwarded-* headers hold; "*" is every one."""

    host: str = "127.0.0.1"
    port: int = 8080
    forwarded_from: tuple[str, ...] = ("127.0.0.1",)


@dataclass(frozen=True)
class Jobs:
    """How jobs are done.

    workers: at a time on this host. limit: at a time in all; 0 is no limit. per_user: of one user; 0 is no limit, None
    leaves one worker to others. draining: of those that only wait until nodes which leave have no work, how many stand
    beside the workers of a host. timeout_mins: for which one may be at work; 0 is no limit.
    waiting_per_user: open ones of one user, beyond which it is refused; 0 is no limit. starts: how often a job whose
    process died is started. stale: seconds without a sign of life after which a job of another host counts as dead.
    grace: seconds that a job which shall stop is given before it is killed. keep: days for which what is over is kept,
    that is jobs, their logs, and runs that are not among the last ones of their deployment; 0 is for ever.
    """

    workers: int = 2
    limit: int = 0
    per_user: int | None = None
    draining: int = 20
    timeout_mins: float = 720.0
    waiting_per_user: int = 100
    starts: int = 5
    stale: float = 120.0
    grace: float = 60.0
    keep: float = 30.0


def fair_share(workers: int) -> int:
    """Return how many of so many WORKERS one user may hold: he leaves one to others, where there are others."""
    return max(1, workers - 1)


@dataclass(frozen=True)
class Planning:
    """How templates are planned, each in a process of its own.

    workers: at a time, one of which every user leaves to others. waiting: those that are planned or wait for it, of all
    users; per_user: of one; beyond, one is refused. seconds, memory (bytes): that one may take. largest_plan: bytes of
    what comes of it. nodes: machines, and parts on them, that a deployment may have.
    """

    workers: int = 2
    waiting: int = 20
    per_user: int = 8
    seconds: float = 20.0
    memory: int = 500_000_000
    largest_plan: int = 4_000_000
    nodes: int = 1000

    def __post_init__(self) -> None:
        for key in ("workers", "waiting", "per_user", "seconds", "memory", "largest_plan"):
            if getattr(self, key) <= 0:
                raise ValueError(f"{key} must be more than 0")


@dataclass(frozen=True)
class Rest:
    """The REST API.

    public_url: where clients reach it, None as they asked for it; callbacks need it. largest_body: bytes.
    request_seconds: in which the head of a request must have come, and then its body. streams: of events at a time,
    streams_per_user: of one user, beyond which one is refused. stream_seconds: after which a stream of events ends, and
    its client goes on with a new one. poll: seconds between two looks for new events.
    """

    public_url: str | None = None
    largest_body: int = 1_048_576
    request_seconds: float = 20.0
    streams: int = 500
    streams_per_user: int = 50
    stream_seconds: float = 3600.0
    poll: float = 1.0


@dataclass(frozen=True)
class Callbacks:
    """How the callbacks of deployments are called.

    allow_private: also at addresses of this machine and of private networks, which somebody outside could not reach.
    secret: key of the signature; None for none. tries: at most. pause: seconds before the second one, twice as long
    before each further one. timeout: seconds of one.
    """

    allow_private: bool = False
    secret: str | None = field(default=None, repr=False)
    tries: int = 5
    pause: float = 2.0
    timeout: float = 10.0

    @property
    def longest(self) -> float:
        """How many seconds all tries may take, and some more."""
        pauses: float = sum(self.pause * 2**number for number in range(self.tries - 1))
        return pauses + self.tries * self.timeout + 10


@dataclass(frozen=True)
class Execution:
    """Where playbooks run.

    by: "here", on the host that does the job; "nodes", at one of NODES: execution nodes, each with a name and the
    command that runs "indigo-paas execution-node" there; or "awx", as jobs of AWX.
    """

    by: str = "here"
    nodes: tuple[Node, ...] = ()
    awx: Awx = Awx()

    def __post_init__(self) -> None:
        if self.by not in ("here", "nodes", "awx"):
            raise ValueError(f'by must be "here", "nodes" or "awx", not {self.by!r}')
        if self.by == "nodes" and not self.nodes:
            raise ValueError('by is "nodes", and there is none. Describe one in [[execution.nodes]]')
        if self.by == "awx" and self.awx.missing():
            raise ValueError(f'awx.{self.awx.missing()}, because by is "awx"')

    def runs(self) -> runner.Execution:
        """Return what runs playbooks."""
        if self.by == "awx":
            return Controller(self.awx)
        return Nodes(self.nodes) if self.by == "nodes" else runner.Here()


@dataclass(frozen=True)
class Neighbours:
    """URLs of other services, told to clients that ask; "" for none."""

    cpr_url: str = ""
    slam_url: str = ""
    cmdb_url: str = ""
    im_url: str = ""
    monitoring_url: str = ""
    vault_url: str = ""
    rucio_url: str = ""


@dataclass(frozen=True)
class ServiceSettings:
    """All settings of the service.

    home: of the deployments, shared by all processes. database: SQLAlchemy URL; None is the SQLite file in home.
    sites: the sites' inventory; None as for the command line. file: the TOML file, None without one.
    allow_external: whether templates may name playbooks, roles and collections from elsewhere, which run with the
    rights of the service.
    """

    home: Path
    database: str | None = field(default=None, repr=False)
    sites: Path | None = None
    file: Path | None = field(default=None, metadata=_UNSAID)
    allow_external: bool = False
    server: Server = Server()
    jobs: Jobs = Jobs()
    planning: Planning = Planning()
    rest: Rest = Rest()
    callbacks: Callbacks = Callbacks()
    neighbours: Neighbours = Neighbours()
    execution: Execution = Execution()
    identity: Identity = Identity()

    def environment(self) -> dict[str, str]:
        """Return the variables by which another process has the same settings."""
        said = {
            VARIABLE: self.file,
            paths.HOME_VARIABLE: self.home,
            paths.SITES_VARIABLE: self.sites,
            paths.DATABASE_VARIABLE: self.database,
        }
        return {name: str(value) for name, value in said.items() if value is not None}

    def engine(self, job: int | None = None) -> Settings:
        """Return the settings of the engine's verbs; JOB is the one that this process does."""
        return Settings(
            paths.Home(self.home), self.sites, database=self.database, job=job, execution=self.execution.runs()
        )


def read(file: Path | None = None, environment: Mapping[str, str] | None = None, **said: Any) -> ServiceSettings:
    """Return the settings of the TOML FILE (by default $INDIGO_PAAS_CONFIG, or none) and the ENVIRONMENT.

    said: keys at the top that win over both. Raises BadInput with the file or the variable, and the key.
    """
    environment = os.environ if environment is None else environment
    file = file or (Path(environment[VARIABLE]) if environment.get(VARIABLE) else None)
    whole = _document(file) if file else {}
    values = _values(ServiceSettings, whole, environment, str(file), "")
    values["file"] = file.absolute() if file else None
    values["home"] = said.pop("home", None) or paths.home(values.get("home")).root
    values.update({key: value for key, value in said.items() if value is not None})
    return ServiceSettings(**values)


def _document(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is no TOML: {error}.") from None


def _values(
    kind: type, given: Mapping[str, Any], environment: Mapping[str, str], file: str, section: str
) -> dict[str, Any]:
    """Return the fields of the dataclass KIND that are GIVEN in FILE or in the ENVIRONMENT.

    Raises BadInput with all that is wrong.
    """
    hints = typing.get_type_hints(kind)
    types_of = {
        each.name: hints[each.name] for each in dataclasses.fields(kind) if each.metadata.get("is_setting", True)
    }
    faults: list[Problem] = []
    with _faults_kept(faults):
        _require_known(types_of, given, file, section)
    values: dict[str, Any] = {}
    for key, wanted in types_of.items():
        with _faults_kept(faults):
            values.update(_value(key, wanted, given, environment, file, section))
    if faults:
        raise BadInput(*faults)
    return values


@contextlib.contextmanager
def _faults_kept(faults: list[Problem]) -> Iterator[None]:
    """Keep what is wrong in FAULTS, so that more of it is found."""
    try:
        yield
    except BadInput as error:
        faults += error.problems


def _value(
    key: str, wanted: Any, given: Mapping[str, Any], environment: Mapping[str, str], file: str, section: str
) -> dict[str, Any]:
    """Return the setting KEY of the type WANTED with its value; nothing where it is not said."""
    where = f"{file}: {section}{key}"
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        part = given.get(key, {})
        if not isinstance(part, dict):
            raise BadInput(f"{where} must be a section. Write [{key}].")
        return {key: _section_as(wanted, part, environment, file, f"{section}{key}.")}
    if _table_of(wanted):
        return {key: tuple(_tables(_table_of(wanted), given.get(key, []), file, f"{section}{key}"))}
    variable = _PREFIX + f"{section}{key}".replace(".", "_").upper()
    if environment.get(variable):
        return {key: _of_text(environment[variable], wanted, variable)}
    return {key: _of_toml(given[key], wanted, where)} if key in given else {}


def _section_as(kind: Any, given: Mapping[str, Any], environment: Mapping[str, str], file: str, section: str) -> Any:
    values = _values(kind, given, environment, file, section)
    try:
        return kind(**values)
    except ValueError as error:
        # A section that judges its own values begins with the key.
        raise BadInput(f"{file}: {section}{error}.") from None


def _table_of(wanted: Any) -> Any:
    """Return the dataclass of which a setting of the type WANTED is a list ([[section]] in TOML), None for others."""
    item = next(iter(typing.get_args(wanted)), None)
    return item if dataclasses.is_dataclass(item) else None


def _tables(kind: Any, given: Any, file: str, section: str) -> list[Any]:
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise BadInput(f"{file}: {section} must be a list of sections. Write [[{section}]].")
    faults: list[Problem] = []
    made = []
    for number, item in enumerate(given, 1):
        with _faults_kept(faults):
            # Which one of a list a variable would mean cannot be said.
            made.append(_section_as(kind, item, {}, file, f"{section}[{number}]."))
    if faults:
        raise BadInput(*faults)
    return made


def _require_known(known: Mapping[str, Any], given: Mapping[str, Any], file: str, section: str) -> None:
    unknown = [
        f"{file}: {section}{key} is no setting. There is {', '.join(known)}." for key in given if key not in known
    ]
    if unknown:
        raise BadInput(*unknown)


def _of_text(text: str, wanted: Any, where: str) -> Any:
    """Return what TEXT of a variable stands for; a list is written with commas."""
    kinds = list(_kinds(wanted))
    if tuple in kinds:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if bool in kinds:
        if text.lower() not in _YES | _NO:
            raise BadInput(f"{where} must be true or false, not {text!r}.")
        return text.lower() in _YES
    for kind in kinds:
        try:
            return kind(text)
        except ValueError:
            continue
    raise BadInput(f"{where} must be {_named(kinds)}, not {text!r}.")


def _of_toml(value: Any, wanted: Any, where: str) -> Any:
    kinds = list(_kinds(wanted))
    if tuple in kinds and isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if Path in kinds and isinstance(value, str):
        return Path(value).expanduser()
    if float in kinds and type(value) is int:
        return float(value)
    if type(value) not in kinds:
        shown = "what is there" if is_secret(where.rpartition(".")[2]) else repr(value)
        raise BadInput(f"{where} must be {_named(kinds)}, not {shown}.")
    return value


def _frozen(item: Any) -> Any:
    return types.MappingProxyType(item) if isinstance(item, dict) else item


def _kinds(wanted: Any) -> Iterator[type]:
    """Yield the classes that a value of the type WANTED may have."""
    for each in typing.get_args(wanted) if isinstance(wanted, types.UnionType) else (wanted,):
        if each is not type(None):
            yield typing.get_origin(each) or each


def _named(kinds: list[type]) -> str:
    words = {str: "text", int: "a whole number", float: "a number", bool: "true or false", tuple: "a list"}
    return " or ".join(words.get(kind, kind.__name__.lower()) for kind in kinds)
