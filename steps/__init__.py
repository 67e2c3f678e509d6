# SPDX-License-Identifier: Apache-2.0
"""The steps of the features, one module a noun."""
