# SPDX-License-Identifier: Apache-2.0
"""The sites that an inventory describes: the hosts of its group paas_sites."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from indigo_paas import runner
from indigo_paas.errors import BadInput
from indigo_paas.ground.progress import unread_source
from indigo_paas.templates import collection

GROUP = "paas_sites"
PREFIX = "site_"
PATIENCE = 120  # seconds; a dynamic inventory may ask a cloud

# What sites are told by variables: their own, and those of the hosts that a site consists of.
_SITE_VARIABLE = "(site|node|ansible)_"

# What names one host, and no range of hosts or port.
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
# How deep the variables of a site may be that are read without Ansible.
MAX_PLAIN = 20

_TEMPLATE = re.compile(r"\{[{%]")
_LABEL = re.compile(r"^\[?(?:ERROR|WARNING)\]?[:!]\s*")

Options = dict[str, Any]


class Reading:
    """The sites of the inventory SOURCE, read while other things are done: Ansible needs a second for it."""

    def __init__(self, source: Path) -> None:
        if not source.exists():
            raise BadInput(f"There is no inventory of sites at {source}. Name one with --sites.")
        self._source = source
        self._listing = plain_listing(source)
        if self._listing is not None:
            return
        self._environment = {**runner.own(), "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
        self._environment |= {"ANSIBLE_STDOUT_CALLBACK": "oneline", "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true"}
        self._process = self._start("ansible-inventory", "-i", str(source), "--list")

    def result(self) -> dict[str, Options]:
        """Return the options of the sites by name, without site_ in front; raise BadInput without any."""
        listing = json.loads(self._finish(self._process)) if self._listing is None else self._listing
        names = hosts_of(listing, GROUP)
        if not names:
            raise BadInput(
                f"{self._source} describes no site. A site is a host of the group {GROUP}, "
                f"with {PREFIX}type among its variables."
            )
        variables = self._variables(listing, GROUP)

        def hosts(group: str) -> list[tuple[str, Options]]:
            return list(self._variables(listing, group).items())

        return {name: collection.with_hosts(_options(variables[name]), hosts) for name in names}

    def _variables(self, listing: Mapping[str, Any], group: str) -> dict[str, Options]:
        """Return what sites are told of the hosts of GROUP by their variables, by host."""
        known = listing["_meta"]["hostvars"]
        found = {name: _site_variables(known.get(name, {})) for name in hosts_of(listing, group)}
        return {**found, **self._evaluated(group)} if _TEMPLATE.search(json.dumps(found)) else found

    def _evaluated(self, group: str) -> dict[str, Options]:
        """Return the variables of GROUP's hosts with lookups done: ansible-inventory leaves them alone."""
        wanted = (
            f"hostvars[inventory_hostname] | dict2items | selectattr('key', 'match', '{_SITE_VARIABLE}') | items2dict"
        )
        process = self._start(
            "ansible",
            group,
            "-i",
            str(self._source),
            "-m",
            "ansible.builtin.debug",
            "-a",
            f"msg={{{{ {wanted} }}}}",
        )
        answers = re.findall(r"^(\S+) \| SUCCESS => (\{.*\})$", self._finish(process), re.MULTILINE)
        return {name: _site_variables(json.loads(answer)["msg"]) for name, answer in answers}

    def _start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )

    def _finish(self, process: subprocess.Popen[str]) -> str:
        try:
            output, errors = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise BadInput(f"Reading the sites from {self._source} took more than {PATIENCE} s.") from None
        if process.returncode:
            raise BadInput(f"The sites in {self._source} cannot be read: {why(errors or output)}")
        return output


def plain_listing(source: Path) -> dict[str, Any] | None:
    """Return what `ansible-inventory --list` says of the inventory SOURCE; None where only Ansible can tell.

    It can be told without Ansible of one YAML file that holds nothing but sites with plain values.
    """
    file = _plain_file(source)
    if file is None:
        return None
    import yaml

    try:
        written = yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return None
    if not (isinstance(written, dict) and written.keys() == {GROUP} and _is_plain(written, MAX_PLAIN)):
        return None
    return _plain_group(written[GROUP])


def _plain_file(source: Path) -> Path | None:
    """Return the only file of SOURCE where it is YAML for Ansible, and nothing lies beside it that counts too."""
    if source.is_dir():
        files = list(source.iterdir())
        beside: tuple[str, ...] = ()
    else:
        files, beside = [source], ("group_vars", "host_vars")
    if len(files) != 1 or any((source.parent / name).exists() for name in beside):
        return None
    file = files[0]
    is_script = os.access(file, os.X_OK)
    return file if file.suffix in (".yml", ".yaml") and file.is_file() and not is_script else None


def _is_plain(value: Any, depth: int) -> bool:
    """Say whether VALUE is the same as JSON, and holds nothing that Ansible would evaluate."""
    if isinstance(value, dict):
        return depth > 0 and all(_is_plain(key, 0) and _is_plain(item, depth - 1) for key, item in value.items())
    if isinstance(value, list):
        return depth > 0 and all(_is_plain(item, depth - 1) for item in value)
    if isinstance(value, str):
        return not _TEMPLATE.search(value)
    return value is None or isinstance(value, (bool, int, float))


def _plain_group(written: Any) -> dict[str, Any] | None:
    """Return the listing of the group of the sites, as WRITTEN; None where it is not only hosts and variables."""
    if not isinstance(written, dict) or not written.keys() <= {"hosts", "vars"}:
        return None
    common, hosts = written.get("vars") or {}, written.get("hosts") or {}
    if not _are_variables(common) or not isinstance(hosts, dict):
        return None
    if not all(isinstance(name, str) and _HOST.fullmatch(name) for name in hosts):
        return None
    own = {name: variables or {} for name, variables in hosts.items()}
    # Whether a mapping replaces another or is merged with it is a setting of Ansible.
    if not all(_are_variables(each) and not _mappings(each) & _mappings(common) for each in own.values()):
        return None
    return {
        "_meta": {"hostvars": {name: {**common, **each} for name, each in own.items()}},
        "all": {"children": [GROUP]},
        GROUP: {"hosts": list(own)},
    }


def _are_variables(written: Any) -> bool:
    return isinstance(written, dict) and all(isinstance(name, str) for name in written)


def _mappings(variables: Options) -> set[str]:
    return {name for name, value in variables.items() if isinstance(value, dict)}


def _site_variables(variables: Mapping[str, Any]) -> Options:
    return {name: _plain(variables[name]) for name in variables if re.match(_SITE_VARIABLE, name)}


def _options(variables: Mapping[str, Any]) -> Options:
    return {name.removeprefix(PREFIX): variables[name] for name in variables if name.startswith(PREFIX)}


def _plain(value: Any) -> Any:
    """Return VALUE without the marks that ansible-inventory puts on what must not be a template."""
    if isinstance(value, dict):
        marked = value.get("__ansible_unsafe")
        return marked if marked is not None else {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def hosts_of(listing: Mapping[str, Any], group: str) -> list[str]:
    """Return the hosts of GROUP and of the groups below it, in their order."""
    found = listing.get(group, {})
    below = [host for child in found.get("children", []) for host in hosts_of(listing, child)]
    return list(dict.fromkeys([*found.get("hosts", []), *below]))


def why(output: str) -> str:
    """Return why Ansible's command failed, out of what it printed, on one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [_LABEL.sub("", line) for line in lines if "ERROR" in line]
    return unread_source(output) or (errors or lines or ["it printed no reason."])[-1]
