# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the service on a node is asked."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

# Asks the service on the node itself, without a token and past the proxy.
_ASK = """
import json, sys, urllib.error, urllib.request
method, path, body = sys.argv[1:]
request = urllib.request.Request("http://127.0.0.1:8080" + path, body.encode() or None, method=method)
request.add_header("Content-Type", "application/json")
try:
    with urllib.request.urlopen(request, timeout=30) as answer:
        print(json.dumps([answer.status, json.loads(answer.read() or b"null")]))
except urllib.error.HTTPError as error:
    print(json.dumps([error.code, json.loads(error.read() or b"null")]))
except OSError as error:
    print(json.dumps([0, str(error)]))
"""


@pytest.fixture
def ask(node: Host) -> Callable[..., tuple[int, Any]]:
    """Return status and JSON of what the service answers to METHOD, PATH and BODY; (0, why) where it does not."""

    def call(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        said = json.dumps(body) if body is not None else ""
        command = " ".join(shlex.quote(part) for part in ("python3", "-c", _ASK, method, path, said))
        status, answer = json.loads(node.check_output(command))
        return status, answer

    return call
