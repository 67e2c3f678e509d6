# SPDX-License-Identifier: Apache-2.0
"""How long cards take for what they do, by profiles: instant, contact, contactless."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from selfrenew.iso7816 import ApduFormatError, CommandApdu, Instruction
from selfrenew.piv.references import Algorithm, KeyReference

_CHAINED = 0x10


@dataclass(frozen=True, slots=True)
class CardTiming:
    """How long a card works, in seconds; what is not named takes the time of its bytes alone."""

    command: float
    """For any command: the reader's turn-around."""
    byte: float
    """For each byte on the line, there and back."""
    written_byte: float
    """For each byte that PUT DATA has written."""
    generate: Mapping[int, float] = field(default_factory=dict)
    """For a new key pair, by algorithm; of RSA the mean, as it is a search for two primes."""
    use: Mapping[int, float] = field(default_factory=dict)
    """For a signature, a decryption or an agreement, by algorithm."""

    def seconds(self, command: bytes, answer: bytes) -> float:
        """Tell how long the card works on a command."""
        took = self.command + self.byte * (len(command) + len(answer))
        try:
            apdu = CommandApdu.from_bytes(command)
        except ApduFormatError:
            return took
        if apdu.ins == Instruction.PUT_DATA:
            took += self.written_byte * len(apdu.data)
        if apdu.cla & _CHAINED:
            return took
        if apdu.ins == Instruction.GENERATE_ASYMMETRIC_KEY_PAIR and apdu.data:
            # The template ends with the mechanism, where it has no parameter.
            took += self.generate.get(apdu.data[-1], 0)
        if apdu.ins == Instruction.GENERAL_AUTHENTICATE and apdu.p2 != KeyReference.MANAGEMENT:
            took += self.use.get(apdu.p1, 0)
        return took


CONTACT = CardTiming(
    command=0.015,
    byte=0.0003,
    written_byte=0.0008,
    generate=MappingProxyType(
        {Algorithm.RSA2048: 70, Algorithm.RSA3072: 180, Algorithm.P256: 2, Algorithm.P384: 3}
    ),
    use=MappingProxyType(
        {Algorithm.RSA2048: 0.9, Algorithm.RSA3072: 2, Algorithm.P256: 0.3, Algorithm.P384: 0.5}
    ),
)
"""An ordinary card with contacts: a renewal with RSA-2048 takes it two to three minutes."""
CONTACTLESS = CardTiming(
    command=0.04,
    byte=0.0004,
    written_byte=0.0016,
    generate=MappingProxyType({key: 2 * took for key, took in CONTACT.generate.items()}),
    use=MappingProxyType({key: 2 * took for key, took in CONTACT.use.items()}),
)
"""A slow one over the air, where the field gives its processor half the power."""
TIMINGS: Mapping[str, CardTiming | None] = MappingProxyType(
    {"instant": None, "contact": CONTACT, "contactless": CONTACTLESS}
)
"""By the name that the command line takes; an instant card is the card itself."""
