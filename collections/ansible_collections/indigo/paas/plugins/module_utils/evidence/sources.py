# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading SLAM, CMDB and monitoring: services by HTTP, or files that hold what they would answer."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, cast
from urllib.error import HTTPError
from urllib.parse import quote

from ansible.module_utils.urls import open_url

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError

try:
    import yaml
except ImportError:  # Ansible itself does not run without it
    yaml = cast("Any", None)

Data = Mapping[str, Any]

TIMEOUT = 10  # seconds
TRIES = 3
PAUSE = 0.5  # seconds before the second try; each further one waits twice as long
LARGEST = 8_000_000  # bytes of an answer
PASSING = (429, 500, 502, 503, 504)


class Sources:
    """The three sources as `ranking` (a site's site_ranking) names them; each question is asked once."""

    def __init__(self, ranking: Data) -> None:
        self._ranking = ranking
        self._answers: dict[tuple[str, str], Any] = {}

    def preferences(self) -> Data | None:
        """Return SLAM's agreements and preferences of the customer; None without a SLAM. Raises SiteError."""
        customer = str(self._ranking.get("customer"))
        return self._answer("slam", f"/preferences/{quote(customer, safe='')}", customer)

    def services(self, provider: str) -> Data | None:
        """Return CMDB's list of the services of PROVIDER; None without a CMDB. Raises SiteError."""
        path = f"/provider/id/{quote(provider, safe='')}/has_many/services?include_docs=true"
        return self._answer("cmdb", path, provider)

    def metrics(self, provider: str) -> Data | None:
        """Return what monitoring knows of PROVIDER; None without monitoring. Raises SiteError."""
        group = quote(provider, safe="")
        path = f"/monitoring/adapters/zabbix/zones/indigo/types/infrastructure/groups/{group}"
        return self._answer("monitoring", path, provider)

    def _answer(self, kind: str, path: str, key: str) -> Data | None:
        source = self._ranking.get(kind)
        if not source:
            return None
        if (kind, key) not in self._answers:
            self._answers[kind, key] = self._ask(source, path, key)
        answer: Data | SiteError | None = self._answers[kind, key]
        if isinstance(answer, SiteError):
            raise answer
        return answer

    def _ask(self, source: str, path: str, key: str) -> Data | SiteError:
        """Return the answer, or the error: what failed once is not tried for every site again."""
        try:
            if "://" in source:
                return _document(_get(source.rstrip("/") + path, self._token()), source)
            return _entry(_document(_read(source), source), key, source)
        except SiteError as error:
            return error

    def _token(self) -> str | None:
        path = self._ranking.get("token_file")
        return _read(path).decode(errors="replace").strip() if path else None


def _get(url: str, token: str | None) -> bytes:
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    pause = PAUSE
    for attempt in range(1, TRIES + 1):
        try:
            # A redirection could carry the token to another host.
            with open_url(url, headers=headers, timeout=TIMEOUT, follow_redirects="none") as answer:
                return _bounded(answer.read(LARGEST + 1), url)
        except HTTPError as error:
            if error.code not in PASSING or attempt == TRIES:
                raise SiteError(f"{url} answers {error.code} {error.reason}") from error
        except (OSError, HTTPException, ValueError) as error:
            if attempt == TRIES:
                raise SiteError(f"{url} does not answer: {getattr(error, 'reason', None) or error}") from error
        time.sleep(pause)
        pause *= 2
    raise AssertionError("the last try returns or raises")


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return _bounded(stream.read(LARGEST + 1), path)
    except OSError as error:
        raise SiteError(f"{path} cannot be read: {error.strerror}") from error


def _bounded(content: bytes, where: str) -> bytes:
    if len(content) > LARGEST:
        raise SiteError(f"{where} holds more than {LARGEST // 1_000_000} MB")
    return content


def _document(content: bytes, where: str) -> Data:
    try:
        data = json.loads(content) if "://" in where else yaml.safe_load(content)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise SiteError(f"What {where} holds cannot be read: {' '.join(str(error).split()):.200}") from error
    if not isinstance(data, dict):
        raise SiteError(f"What {where} holds is no {'JSON object' if '://' in where else 'mapping'}")
    return data


def _entry(document: Data, key: str, where: str) -> Data:
    entry = document.get(key, {})
    if not isinstance(entry, dict):
        raise SiteError(f"What {where} holds for '{key}' is no mapping")
    return entry
