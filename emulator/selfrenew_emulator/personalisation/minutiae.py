# SPDX-License-Identifier: Apache-2.0
"""Made-up fingerprints: two fingers' minutiae (INCITS 378 in the profile of SP 800-76-2, table 6).

Nobody has these fingers: every minutia is drawn.
"""

import struct

from selfrenew_emulator.randomness import Randomness

QUALITY = 80
_FORMAT, _VERSION = b"FMR\x00", b" 20\x00"
# Format, version, length, product owner and type, equipment, width, height, both resolutions,
# number of views, reserved.
_RECORD_HEADER = struct.Struct(">4s4sHHHHHHHHBx")
_VIEW_HEADER = struct.Struct(">BBBB")
_MINUTIA = struct.Struct(">HHBB")
_NO_EXTENDED_DATA = bytes(2)
_UNREGISTERED_VENDOR, _PRODUCT_TYPE = 0xFFFF, 0x0001
_EQUIPMENT_COMPLIANT, _EQUIPMENT_ID = 0b1000 << 12, 0x0FFF
_WIDTH, _HEIGHT = 400, 500
_PIXELS_PER_CENTIMETRE = 197
_RIGHT_INDEX, _LEFT_INDEX = 2, 7
_FIRST_VIEW_LIVE_SCAN = 0x00
_RIDGE_ENDING, _BIFURCATION = 0b01 << 14, 0b10 << 14
_ANGLES = 180
"""An angle is told in units of two degrees."""
_QUALITY_NOT_REPORTED = 0
_FEWEST, _SPREAD = 30, 20


def draw_minutiae(randomness: Randomness) -> bytes:
    """Draw the record of two index fingers with 30 to 49 minutiae each."""
    views = b"".join(_view(finger, randomness) for finger in (_RIGHT_INDEX, _LEFT_INDEX))
    header = _RECORD_HEADER.pack(
        _FORMAT,
        _VERSION,
        _RECORD_HEADER.size + len(views),
        _UNREGISTERED_VENDOR,
        _PRODUCT_TYPE,
        _EQUIPMENT_COMPLIANT | _EQUIPMENT_ID,
        _WIDTH,
        _HEIGHT,
        _PIXELS_PER_CENTIMETRE,
        _PIXELS_PER_CENTIMETRE,
        2,
    )
    return header + views


def _view(finger: int, randomness: Randomness) -> bytes:
    count = _FEWEST + _below(_SPREAD, randomness)
    places: dict[tuple[int, int], bytes] = {}
    while len(places) < count:
        x, y = _below(_WIDTH, randomness), _below(_HEIGHT, randomness)
        kind = _BIFURCATION if _below(2, randomness) else _RIDGE_ENDING
        angle = _below(_ANGLES, randomness)
        places[x, y] = _MINUTIA.pack(kind | x, y, angle, _QUALITY_NOT_REPORTED)
    header = _VIEW_HEADER.pack(finger, _FIRST_VIEW_LIVE_SCAN, QUALITY, count)
    return header + b"".join(places.values()) + _NO_EXTENDED_DATA


def _below(limit: int, randomness: Randomness) -> int:
    return int.from_bytes(randomness(4), "big") % limit
