# SPDX-License-Identifier: Apache-2.0
"""What tosca-parser says of its templates, with its own code of the same version, and without a network.

Run in a process of its own (see `verdicts`), because another version of tosca-parser is imported here.
"""

from __future__ import annotations

import json
import logging
import os
import pathlib
import subprocess
import sys
from collections.abc import Mapping
from typing import Any
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]


def verdicts(source: pathlib.Path, questions: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return for each template, a path, "" when tosca-parser takes it with these inputs, else its exception's name."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(source), str(ROOT)])}
    command = [sys.executable, "-m", "tests.tosca_parser.theirs", str(source)]
    done = subprocess.run(
        command, input=json.dumps(questions), env=environment, cwd=ROOT, text=True, check=True, stdout=subprocess.PIPE
    )
    return json.loads(done.stdout)


def _main() -> None:
    import toscaparser

    assert pathlib.Path(toscaparser.__file__).is_relative_to(sys.argv[1])
    logging.disable(logging.CRITICAL)
    with mock.patch("socket.getaddrinfo", side_effect=OSError("no network")):
        print(json.dumps({path: _verdict(path, inputs) for path, inputs in json.load(sys.stdin).items()}))


def _verdict(path: str, inputs: dict[str, Any]) -> str:
    from toscaparser.tosca_template import ToscaTemplate

    try:
        ToscaTemplate(path, parsed_params=dict(inputs))
    except Exception as error:  # whatever it raises is a refusal
        return type(error).__name__
    return ""


if __name__ == "__main__":
    _main()
