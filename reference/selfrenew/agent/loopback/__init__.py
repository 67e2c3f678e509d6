# SPDX-License-Identifier: Apache-2.0
"""The agent's interface for the portal's page, on the loopback address of the person's computer.

It is HTTP that any page in any browser on this computer can address, so everything here is about
answering one page alone. What protects it from whom is in docs/security.md.
"""

from .application import LoopbackParts, loopback_application
from .server import LoopbackServer

__all__ = ["LoopbackParts", "LoopbackServer", "loopback_application"]
