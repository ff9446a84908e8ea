# SPDX-License-Identifier: Apache-2.0
"""What it costs to tell of an error in a long line, and to keep secrets out of long texts, as they grow.

Run it as `python -m benchmarks.lines [--json]`. Times are the processor's. All of it is to grow as the text does: what
a character costs stays the same.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

from benchmarks.measure import table
from indigo_paas.errors import BadInput
from indigo_paas.ground.masking import Masker
from indigo_paas.templates import collection
from indigo_paas.templates.source import Template

SIZES = (3_000, 30_000, 300_000)
RUNS = 3
TEMPLATE = """tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  node_templates:
    box: { type: tosca.nodes.Compute, properties: { LINE } }
"""


def tell_an_error(size: int) -> None:
    """Read a template with an unknown property whose value has `size` characters."""
    _plan("x: " + "x" * size)


def tell_many_errors(size: int) -> None:
    """Read a template of `size` characters with an unknown property for each ten of them, all in one line."""
    _plan(", ".join(f"x{number}: 1" for number in range(size // 10)))


def _plan(properties: str) -> None:
    template = Template.of_text(TEMPLATE.replace("LINE", properties), "lines.yaml").read_as(strict=True, trust=False)
    try:
        collection.plan_template(template, {})
    except BadInput:
        return
    raise AssertionError("The template was read without an error.")


def mask(size: int) -> None:
    """Look for a thousand secrets that begin alike in a text of `size` characters that almost tells them."""
    secrets = {f"password_{number}": "a" * (8 + number % 90) + str(number) for number in range(1000)}
    Masker(secrets).text("a" * size)


MEASURED: dict[str, Callable[[int], None]] = {
    "an error in a line": tell_an_error,
    "many errors in a line": tell_many_errors,
    "1000 secrets in a text": mask,
}


def seconds(work: Callable[[int], None], size: int) -> float:
    """Return the median of the processor's seconds."""
    taken = []
    for _run in range(RUNS):
        started = time.process_time()
        work(size)
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def main() -> None:
    """Measure all and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    arguments = parser.parse_args()
    mask(SIZES[0])
    tell_an_error(SIZES[0])
    found = {name: {size: round(seconds(work, size), 4) for size in SIZES} for name, work in MEASURED.items()}
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    rows = [[name, *(f"{taken:.3f} s" for taken in by_size.values())] for name, by_size in found.items()]
    print(table(["", *(f"{size:,} characters" for size in SIZES)], rows))


if __name__ == "__main__":
    main()
