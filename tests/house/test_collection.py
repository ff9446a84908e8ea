# SPDX-License-Identifier: Apache-2.0
"""The collection is one that Galaxy, AWX and its own documentation can live with."""

from __future__ import annotations

import pytest
import yaml


@pytest.mark.slow
def test_ansible_test_sanity(run, collection):
    run("ansible-test", "sanity", "--local", "--python", "3.11", "--color", "no", cwd=collection)


def test_documentation_lints(run, collection):
    run(
        "antsibull-docs",
        "lint-collection-docs",
        "--plugin-docs",
        "--validate-collection-refs",
        "self",
        "--disallow-unknown-collection-refs",
        ".",
        cwd=collection,
    )


def test_changelog_lints(run, collection):
    run("antsibull-changelog", "lint", cwd=collection)


def test_every_action_has_its_documentation_and_is_in_the_action_group(collection):
    actions = {path.stem for path in (collection / "plugins" / "action").glob("*.py")}
    documented = {path.stem for path in (collection / "plugins" / "modules").glob("*.py")}
    runtime = yaml.safe_load((collection / "meta" / "runtime.yml").read_text())
    grouped = {name for group in runtime["action_groups"].values() for name in group}
    assert actions == documented == grouped
