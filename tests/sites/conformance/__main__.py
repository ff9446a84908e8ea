# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.sites.conformance` prints the tables of docs/add-a-cloud.md."""

from __future__ import annotations

from tests.sites.conformance.probes import fields_table, table

print(fields_table(), table(), sep="\n", end="")
