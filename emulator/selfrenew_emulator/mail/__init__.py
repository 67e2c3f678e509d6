# SPDX-License-Identifier: Apache-2.0
"""Where the world's mail goes."""

from .outbox import Outbox

__all__ = ["Outbox"]
