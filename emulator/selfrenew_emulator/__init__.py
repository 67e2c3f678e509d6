# SPDX-License-Identifier: Apache-2.0
"""The world a smartcard renewal is tested in: card, readers and services. Not for production."""

__all__: list[str] = []
