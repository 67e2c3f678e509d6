# SPDX-License-Identifier: Apache-2.0
"""Campaigns: everything that can go wrong, at every place where it can, and what is left of it."""
