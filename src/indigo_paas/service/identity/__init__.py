# SPDX-License-Identifier: Apache-2.0
"""Who asks: bearer tokens of trusted issuers, what their claims mean, and who may see and change what."""
