# SPDX-License-Identifier: Apache-2.0
"""Which groups of tests are proved, so that a run may leave them out.

`groups.py` reads tests/groups.yaml: the groups, and what each depends on. `digest.py` and `versions.py` tell from what
a group depends on whether anything of it changed. `ledger.py` reads and writes tests/proofs.yaml and chooses what runs.
`plugin.py` is what pytest loads; `python -m tests.proofs` tells a person.
"""
