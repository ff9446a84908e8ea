# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What speaks for a site beside its capacity: agreements (SLAs), monitoring, and the data that it serves.

It comes from the variables of the site, and from SLAM, CMDB and monitoring where site_ranking names them,
each as a service (a URL) or as a file that holds what the service would answer.
"""

from __future__ import annotations

from ansible_collections.indigo.paas.plugins.module_utils.evidence.gather import gather
from ansible_collections.indigo.paas.plugins.module_utils.evidence.options import option_problems

__all__ = ["gather", "option_problems"]
