# SPDX-License-Identifier: Apache-2.0
"""Names of deployments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indigo_paas.errors import BadInput
from indigo_paas.ground.names import default_name, valid_name


@given(st.text())
def test_a_default_name_is_always_valid(stem):
    assert valid_name(default_name(stem)) == default_name(stem)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("htcondor_pool", "htcondor-pool"),
        ("Mésos Cluster (v2)", "mesos-cluster-v2"),
        ("-a-", "a"),
        ("日本", "deployment"),
        ("x" * 39 + "-y", "x" * 39),
    ],
)
def test_default_names(stem, name):
    assert default_name(stem) == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a" * 41, "../x", "a\n", "{{ x }}", "a b"])
def test_wrong_names_are_refused(name):
    with pytest.raises(BadInput, match="cannot name a deployment"):
        valid_name(name)
