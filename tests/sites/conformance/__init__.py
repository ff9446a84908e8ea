# SPDX-License-Identifier: Apache-2.0
"""What each type of site makes of each field of a node group, as it shows at doubles of the services."""
