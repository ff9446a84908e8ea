# SPDX-License-Identifier: Apache-2.0
"""Turn one TOSCA file into running scientific clusters on any cloud."""

__version__ = "0.4.0"
