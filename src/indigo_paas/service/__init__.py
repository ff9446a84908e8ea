# SPDX-License-Identifier: Apache-2.0
"""The Orchestrator as a service: the engine and the store of the command line behind a REST API."""
