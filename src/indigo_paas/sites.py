# SPDX-License-Identifier: Apache-2.0
"""The sites that an inventory describes: the hosts of its group paas_sites."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from indigo_paas import collection, runner
from indigo_paas.errors import BadInput
from indigo_paas.progress import unread_source

GROUP = "paas_sites"
PREFIX = "site_"
PATIENCE = 120  # seconds; a dynamic inventory may ask a cloud

# What sites are told by variables: their own, and those of the hosts that a site consists of.
_TOLD = "(site|node|ansible)_"

_TEMPLATE = re.compile(r"\{[{%]")
_LABEL = re.compile(r"^\[?(?:ERROR|WARNING)\]?[:!]\s*")

Options = dict[str, Any]


class Reading:
    """The sites of the inventory SOURCE, read while other things are done: it takes a second."""

    def __init__(self, source: Path) -> None:
        if not source.exists():
            raise BadInput(f"There is no inventory of sites at {source}. Name one with --sites.")
        self._source = source
        self._environment = {**runner.own(), "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
        self._environment |= {"ANSIBLE_STDOUT_CALLBACK": "oneline", "ANSIBLE_LOAD_CALLBACK_PLUGINS": "true"}
        self._process = self._start("ansible-inventory", "-i", str(source), "--list")

    def result(self) -> dict[str, Options]:
        """Return the options of the sites by name, without site_ in front; raise BadInput without any."""
        listing = json.loads(self._finish(self._process))
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
        found = {name: _told(known.get(name, {})) for name in hosts_of(listing, group)}
        return {**found, **self._evaluated(group)} if _TEMPLATE.search(json.dumps(found)) else found

    def _evaluated(self, group: str) -> dict[str, Options]:
        """Return the variables of GROUP's hosts with lookups done: ansible-inventory leaves them alone."""
        wanted = f"hostvars[inventory_hostname] | dict2items | selectattr('key', 'match', '{_TOLD}') | items2dict"
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
        return {name: _told(json.loads(answer)["msg"]) for name, answer in answers}

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


def _told(variables: Mapping[str, Any]) -> Options:
    return {name: _plain(variables[name]) for name in variables if re.match(_TOLD, name)}


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
