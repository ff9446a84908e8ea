# SPDX-License-Identifier: Apache-2.0
"""Templates from wherever they are, what a deployment is asked to be, and the only way into the collection."""
