# SPDX-License-Identifier: Apache-2.0
"""The stage's programs: what each serves, and the control API beside it."""
