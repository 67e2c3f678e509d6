# SPDX-License-Identifier: Apache-2.0
"""Reference implementation of the self-renewal of an NHS smartcard's certificates."""

__all__: list[str] = []
