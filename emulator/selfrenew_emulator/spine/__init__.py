# SPDX-License-Identifier: Apache-2.0
"""The Spine's sign-in: challenge, ticket, roles, validation."""

from .directory import Person, Role
from .service import Spine

__all__ = ["Person", "Role", "Spine"]
