# SPDX-License-Identifier: Apache-2.0
"""What all other rooms use: names, paths, texts, secrets, locks, the words of a status."""
