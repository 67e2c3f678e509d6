# SPDX-License-Identifier: Apache-2.0
"""What each card answers to a reset (ISO/IEC 7816-3, 8.2).

TD1 and TD2 offer T=1, TA1 a fast clock. It must not begin 3B 8x 80 01, which clients take for a
contactless card, and T0 not with F, which ykman takes for a key on USB that it would know by name.
"""

from .personality import Personality

_INTERFACE_BYTES = bytes.fromhex("96FF81B1FE451F03")
_T0_INTERFACE = 0xD0
_HISTORICAL = b"SR-PIV-01\x00"


def _atr(historical: bytes) -> bytes:
    body = bytes((_T0_INTERFACE | len(historical),)) + _INTERFACE_BYTES + historical
    return _with_check_byte(body)


def _with_check_byte(body: bytes) -> bytes:
    check = 0
    for byte in body:
        check ^= byte
    return b"\x3b" + body + bytes((check,))


ATRS = {
    Personality.PIV: _atr(_HISTORICAL),
    # Compact TLV with the name in 57, as real ones have it: OpenSC knows a YubiKey by that.
    Personality.YUBIKEY: _atr(bytes.fromhex("8073C021C057") + b"YubiKey"),
}

CONTACTLESS_ATR = _with_check_byte(bytes((0x80 | len(_HISTORICAL), 0x80, 0x01)) + _HISTORICAL)
"""What a reader makes up for a contactless card (PC/SC part 3, 3.1.3.2.3.1)."""
