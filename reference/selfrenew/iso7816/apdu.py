# SPDX-License-Identifier: Apache-2.0
"""Command and response APDUs (ISO/IEC 7816-4:2020, 5.2 and 5.3)."""

from dataclasses import dataclass

from .errors import Iso7816Error
from .instruction import carries_secret

_DATA_MAX = 65535
_LE_MAX = 65536


class ApduFormatError(Iso7816Error):
    """Bytes that are no APDU."""


@dataclass(frozen=True, slots=True, repr=False)
class CommandApdu:
    """A command. `le` counts the bytes asked for (256 is short Le 00); None asks for none."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None

    def __repr__(self) -> str:
        secret = self.data and carries_secret(self.ins)
        data = "***" if secret else self.data.hex()
        head = f"{self.cla:02X} {self.ins:02X} {self.p1:02X} {self.p2:02X}"
        return f"CommandApdu({head}, data={data!r}, le={self.le})"

    @classmethod
    def from_bytes(cls, raw: bytes) -> "CommandApdu":
        """Parse cases 1 to 4, short and extended. Raise ApduFormatError."""
        if len(raw) < 4:
            raise ApduFormatError(f"a command has at least 4 bytes, this one {len(raw)}")
        cla, ins, p1, p2 = raw[:4]
        body = raw[4:]
        if not body:
            return cls(cla, ins, p1, p2)
        if len(body) == 1:
            return cls(cla, ins, p1, p2, b"", body[0] or 256)
        if body[0]:
            return cls(cla, ins, p1, p2, *_data_and_le(body, 1, body[0]))
        if len(body) == 3:
            return cls(cla, ins, p1, p2, b"", int.from_bytes(body[1:], "big") or _LE_MAX)
        if len(body) < 3:
            raise ApduFormatError("an extended length field is cut off")
        lc = int.from_bytes(body[1:3], "big")
        if not lc:
            raise ApduFormatError("an extended Lc of zero with data behind it")
        return cls(cla, ins, p1, p2, *_data_and_le(body, 3, lc))

    def __bytes__(self) -> bytes:
        """Encode in short form where it fits, else in extended form."""
        data, le = self.data, self.le
        if len(data) > _DATA_MAX or (le is not None and not 0 < le <= _LE_MAX):
            raise ApduFormatError(f"{len(data)} bytes of data with Le {le} fit no APDU")
        raw = bytes((self.cla, self.ins, self.p1, self.p2))
        if len(data) <= 255 and (le is None or le <= 256):
            if data:
                raw += bytes((len(data),)) + data
            return raw if le is None else raw + bytes((le & 0xFF,))
        raw += b"\x00"
        if data:
            raw += len(data).to_bytes(2, "big") + data
        return raw if le is None else raw + (le & 0xFFFF).to_bytes(2, "big")


def _data_and_le(body: bytes, start: int, lc: int) -> tuple[bytes, int | None]:
    end = start + lc
    tail = body[end:]
    if len(body) < end or len(tail) not in {0, 1 if start == 1 else 2}:
        raise ApduFormatError(f"Lc says {lc} bytes of data, {len(body) - start} follow")
    if not tail:
        return body[start:end], None
    le = int.from_bytes(tail, "big") or (256 if start == 1 else _LE_MAX)
    return body[start:end], le


@dataclass(frozen=True, slots=True)
class ResponseApdu:
    """An answer: data and the status word."""

    data: bytes
    sw: int

    @classmethod
    def from_bytes(cls, raw: bytes) -> "ResponseApdu":
        """Split off the status word. Raise ApduFormatError for less than two bytes."""
        if len(raw) < 2:
            raise ApduFormatError(f"an answer has at least 2 bytes, this one {len(raw)}")
        return cls(raw[:-2], int.from_bytes(raw[-2:], "big"))

    def __bytes__(self) -> bytes:
        return self.data + self.sw.to_bytes(2, "big")
