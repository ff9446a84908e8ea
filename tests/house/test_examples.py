# SPDX-License-Identifier: Apache-2.0
"""What programs read of the examples, besides what planning them needs."""

from __future__ import annotations

import yaml


def test_every_example_has_a_name_of_its_own(root):
    """The INDIGO PaaS dashboard keeps the templates of a directory by their `template_name`."""
    names = {}
    for file in sorted((root / "examples").glob("**/*.yaml")):
        document = yaml.safe_load(file.read_text())
        if "topology_template" in document:
            names[file.name] = document["metadata"]["template_name"]
    assert len(names) >= 2
    assert len(set(names.values())) == len(names), names
