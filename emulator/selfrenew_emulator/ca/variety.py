# SPDX-License-Identifier: Apache-2.0
"""What the standards leave open is done in another way each time, so that no client relies on it.

- Serial numbers have 65 to 159 bits (RFC 5280, 4.1.2.2, has up to 20 octets).
- extraCerts has the protection certificate with its issuer first, as the profile asks, and what
  else helps in any order (RFC 9810, 5.1).
- An answer is announced with its length, or comes in chunks (RFC 9112, 7.1) where a client speaks
  HTTP/1.1; one that speaks HTTP/1.0 knows of none.

The draws are of a seed of their own, apart from keys and nonces: a run is repeated by it.
"""

import random
from collections.abc import Sequence

_SERIAL_BYTES = range(9, 21)
_CHUNKED_OF = 4
_CHUNKS_MOST = 4


class Variety:
    """Chooses by a seed, the same for the same seed and order of questions."""

    def __init__(self, seed: str | int = 0) -> None:
        self.seed = seed
        self._draw = random.Random(f"variety {seed}")  # noqa: S311  repeatable on purpose

    def serial_bytes(self) -> int:
        """Choose the length of a serial number."""
        return self._draw.choice(_SERIAL_BYTES)

    def order(self, certificates: Sequence[bytes], *, first: int = 0) -> tuple[bytes, ...]:
        """Put certificates into some order; so many of the `first` stay where they are."""
        others = list(certificates[first:])
        self._draw.shuffle(others)
        return (*certificates[:first], *others)

    def parts(self, body: bytes) -> list[bytes]:
        """Cut an answer into the chunks it is to come in; one is to come as a whole."""
        if len(body) < _CHUNKS_MOST or self._draw.randrange(_CHUNKED_OF):
            return [body]
        cuts = sorted(self._draw.sample(range(1, len(body)), self._draw.randrange(1, _CHUNKS_MOST)))
        return [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
