# SPDX-License-Identifier: Apache-2.0
"""indigo-paas execution-node"""

from __future__ import annotations

import sys

import click

from indigo_paas.runner.settings import Settings


@click.command("execution-node", short_help="Run what a service on another machine hands over (not for people).")
@click.pass_obj
def command(settings: Settings) -> None:
    """Run one playbook for a service on another machine, which calls this by its setting [[execution.nodes]].

    What shall run comes from standard input and what happens is told on standard output, as ansible-runner's
    transmit and worker do it. When the input ends, the run ends.

    \b
    Example, in the service's TOML file:
      [execution]
      by = "nodes"
      [[execution.nodes]]
      name = "node-1"
      command = ["ssh", "-o", "BatchMode=yes", "paas@node-1.example.org", "indigo-paas", "execution-node"]

    \b
    Example, in the node's authorized_keys, for a key that is for this alone:
      restrict,command="indigo-paas execution-node" ssh-ed25519 AAAA...
    """
    from indigo_paas.runner import worker

    if sys.stdin.isatty():
        raise click.UsageError("This command is for the service: it takes its runs from another indigo-paas.")
    sys.exit(0 if worker.serve(sys.stdin.buffer, sys.stdout.buffer, settings.home) else 1)
