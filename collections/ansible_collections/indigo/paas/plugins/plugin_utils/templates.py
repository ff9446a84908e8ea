# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible takes for a template: since ansible-core 2.19 only text that is marked so, before it any text."""

from __future__ import annotations

from ansible.errors import AnsibleError

try:
    from ansible.template import trust_as_template
except ImportError:
    trust_as_template = None


def require_marked_templates() -> None:
    """Raise AnsibleError where a user's text would be run as a template, whoever wrote it."""
    if trust_as_template is None:
        raise AnsibleError(
            "indigo.paas needs ansible-core 2.19 or newer: before it, what looks like Jinja in the inputs of a "
            "template is run here as code. Nothing was done. Install it: pip install 'ansible-core>=2.19'."
        )
