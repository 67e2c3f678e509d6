# SPDX-License-Identifier: Apache-2.0
"""The agent on the person's machine: signing in, the expiry notice, passcode and unlock."""

from .errors import (
    AgentError,
    CertificateExpiredError,
    NoCertificateError,
    NoSuchRoleError,
)
from .notice import ExpiryNotice, expiry_notice
from .passcode import change_passcode, finish_unlock, start_unlock
from .session import AgentSession, Login
from .session_mode import SessionMode

__all__ = [
    "AgentError",
    "AgentSession",
    "CertificateExpiredError",
    "ExpiryNotice",
    "Login",
    "NoCertificateError",
    "NoSuchRoleError",
    "SessionMode",
    "change_passcode",
    "expiry_notice",
    "finish_unlock",
    "start_unlock",
]
