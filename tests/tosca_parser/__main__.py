# SPDX-License-Identifier: Apache-2.0
"""Write docs/tosca-parser-templates.md anew: `python -m tests.tosca_parser`."""

from __future__ import annotations

from tests.tosca_parser.compare import verdicts
from tests.tosca_parser.page import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page(verdicts()))
