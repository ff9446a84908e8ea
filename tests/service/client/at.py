# SPDX-License-Identifier: Apache-2.0
"""The command, as a process, on the server at the URL that is its first argument."""

from __future__ import annotations

import signal
import sys

from indigo_paas import cli

if __name__ == "__main__":
    # Whoever starts us in the background has SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(cli.run(["--url", *sys.argv[1:]]))
