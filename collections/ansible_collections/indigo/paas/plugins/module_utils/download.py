# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is at an http(s) URL, read within a size and a time."""

from __future__ import annotations

import time
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException, HTTPResponse
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError

MAX_BYTES = 50_000_000
SECONDS = 30.0
_CHUNK = 65536


def is_url(text: str) -> bool:
    """Say whether a text is an http or https URL."""
    return text.lower().startswith(("http://", "https://"))


def read_url(url: str, seconds: float = SECONDS, limit: int = MAX_BYTES) -> bytes:
    """Return the bytes at an http(s) URL; PaasError when it takes longer, is larger, or is not there.

    `seconds` are for the whole of it; `limit` is in bytes. Messages show the URL as `bare` does.
    """
    if not is_url(url):
        raise PaasError(f"{bare(url)}: only http and https URLs are read.")
    deadline = time.monotonic() + seconds
    try:
        request = urllib.request.Request(url, headers={"Accept": "*/*", "User-Agent": "indigo-paas"})
        with _opener().open(request, timeout=seconds) as answer:
            return _read(answer, url, deadline, limit)
    except urllib.error.HTTPError as error:
        raise PaasError(f"{bare(url)}: the server answers {error.code} {error.reason}. Check the URL.") from None
    except TimeoutError:
        raise _too_slow(url) from None
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, TimeoutError):
            raise _too_slow(url) from None
        raise PaasError(f"{bare(url)}: cannot be fetched: {reason}. Check the URL and the network.") from None


def bare(url: str) -> str:
    """Return a URL as messages show it: without user, password and query, which may hold a token."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return "the URL"
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


class _OnlyHttp(urllib.request.HTTPRedirectHandler):
    """Follows redirections, but never to another kind of URL."""

    max_redirections = 5

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not is_url(newurl):
            raise PaasError(f"{bare(req.full_url)}: it redirects to {bare(newurl)}, which is not http or https.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener for http and https, through the proxies of the environment."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _OnlyHttp(),
    ):
        opener.add_handler(handler)
    return opener


def _read(answer: HTTPResponse, url: str, deadline: float, limit: int) -> bytes:
    """Read a body piece by piece, so that a server that trickles cannot hold us beyond the deadline."""
    parts: list[bytes] = []
    size = 0
    while part := answer.read1(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise _too_large(bare(url), limit)
        if time.monotonic() > deadline:
            raise _too_slow(url)
    return b"".join(parts)


def _too_large(name: str, limit: int) -> PaasError:
    return PaasError(
        f"{name}: larger than {limit / 1_000_000:g} MB, which is the limit. Save it as a file and split it."
    )


def _too_slow(url: str) -> PaasError:
    return PaasError(f"{bare(url)}: did not arrive in time. Save it as a file and use that.")
