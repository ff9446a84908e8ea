# SPDX-License-Identifier: Apache-2.0
"""docs/tests.md tells truly which groups of tests run after a change."""

from __future__ import annotations

from tests.proofs.__main__ import changes
from tests.proofs.digest import Checkout
from tests.proofs.groups import read


def test_the_table_is_up_to_date(root):
    table = "\n".join(changes(Checkout(root), read(root)))
    assert table in (root / "docs/tests.md").read_text(), f"python -m tests.proofs changes prints:\n{table}"
