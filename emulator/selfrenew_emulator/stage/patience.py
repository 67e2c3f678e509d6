# SPDX-License-Identifier: Apache-2.0
"""How long the programs of a stage wait for each other."""

PATIENCE_SECONDS = 60.0
"""Far longer than any of them takes: on a busy machine all of it may stand still for a while."""
