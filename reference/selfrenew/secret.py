# SPDX-License-Identifier: Apache-2.0
"""A value that must never be printed."""

from typing import final


@final
class Secret:
    """Holds a passcode, PUK or shared secret; every printed form of it is a mask.

    >>> print(Secret(b"123456"), [Secret(b"123456")])
    *** [Secret(***)]
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes | str) -> None:
        if isinstance(value, str):
            # A terminal may give anything, and an error of encoding would show a part of it.
            value = value.encode(errors="surrogatepass")
        self._value = bytes(value)

    def reveal(self) -> bytes:
        """Give the bytes themselves, at the one place that needs them."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[object, ...]:
        """Refuse to be pickled: a pickle would be a copy in the clear."""
        raise TypeError("a Secret is not to be copied out of the process")
