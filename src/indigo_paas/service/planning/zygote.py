# SPDX-License-Identifier: Apache-2.0
"""The process from which those that plan are forked: python -m indigo_paas.service.planning.zygote FD.

It has read all that a plan needs, and does nothing else; so a new process costs some milliseconds. FD is a socket:
each byte that comes carries another one, on which a new process is asked and answers. When the socket is closed, the
server is gone, and this ends. Each process ends by itself, for the kernel counts its time and memory.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from indigo_paas.errors import IndigoError, Problem
from indigo_paas.service.planning.order import DONE, FAULT, LARGE, MEMORY, REFUSED, Order

# Plans stand back behind those who are served.
_NICE = 10


def main(arguments: Sequence[str]) -> int:
    """Fork a process for each socket that comes, until nobody can send one any more."""
    _warm()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.nice(_NICE)
    with socket.socket(fileno=int(arguments[0])) as server:
        while True:
            said, lines, _flags, _address = socket.recv_fds(server, 1, 1)
            if not said:
                return 0
            if os.fork() == 0:
                server.close()
                _answer(lines[0])
                os._exit(0)
            os.close(lines[0])


def _warm() -> None:
    """Read what every plan needs: a small one needs it all."""
    from indigo_paas.service.model import Asked
    from indigo_paas.service.planning import plans

    text = "\n".join(
        [
            "tosca_definitions_version: tosca_simple_yaml_1_3",
            "topology_template:",
            "  inputs: {some: {type: string, default: a, constraints: [pattern: a]}}",
            "  node_templates: {server: {type: tosca.nodes.indigo.Compute}}",
        ]
    )
    plans.new(Asked(text), "warm", {}, plans.Terms(False, 10))
    # What is there is shared by all processes as long as none counts references in it.
    gc.collect()
    gc.freeze()


def _answer(line: int) -> None:
    with contextlib.suppress(OSError), socket.socket(fileno=line) as client:
        with client.makefile("rb") as source:
            order: Order = pickle.load(source)
        _limit(order)
        answer = _done(order)
        # The answer may need some memory, too.
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        packed = pickle.dumps(answer)
        client.sendall(packed if len(packed) <= order.largest else pickle.dumps((LARGE, None)))


def _limit(order: Order) -> None:
    # Nobody need watch over it: the alarm ends the process whatever it does.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, order.seconds)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_size() + order.memory, resource.RLIM_INFINITY))


def _size() -> int:
    """Return the size of this process's memory, in bytes."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()


def _done(order: Order) -> tuple[str, Any]:
    from indigo_paas.service.planning import plans

    try:
        return DONE, getattr(plans, order.function)(*order.arguments)
    except IndigoError as error:
        return REFUSED, (type(error), [_plain(problem) for problem in error.problems])
    except MemoryError:
        return MEMORY, None
    except Exception:
        return FAULT, traceback.format_exc()


def _plain(problem: Problem) -> Problem:
    return Problem(problem.text, dict(problem.place), problem.excerpt)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
