# SPDX-License-Identifier: Apache-2.0
"""A made-up face: a drawn portrait as INCITS 385 in the profile of SP 800-76-2, table 12."""

import struct
from io import BytesIO

from selfrenew_emulator.randomness import Randomness

_FORMAT, _VERSION = b"FAC\x00", b"010\x00"
_RECORD_HEADER = struct.Struct(">4s4sIH")
# Block length, feature points, gender, eye and hair colour, properties (three bytes), expression,
# pose angle and its uncertainty (three bytes each).
_FACE = struct.Struct(">IHBBB3xH3x3x")
# Face image type, data type, width, height, colour space, source type, device, quality.
_IMAGE = struct.Struct(">BBHHBBHH")
_UNSPECIFIED = 0
_NEUTRAL_EXPRESSION = 1
_FULL_FRONTAL, _JPEG, _SRGB, _DIGITAL_CAMERA = 1, 0, 1, 2
_WIDTH, _HEIGHT = 240, 320
IMAGE_MAX_BYTES = 11_500
"""So that header, record and signature fit into the 12,704 bytes every card keeps for a face."""
_QUALITIES = range(95, 20, -1)
_GRAIN = 0.08

_SKINS = ((236, 204, 178), (201, 155, 116), (141, 96, 66), (94, 62, 45))
_HAIRS = ((38, 28, 22), (92, 60, 34), (170, 128, 70), (150, 150, 150))
_BACKGROUND, _COLLAR, _EYE, _MOUTH = (214, 220, 226), (0, 94, 184), (40, 44, 52), (150, 70, 70)


def draw_face(randomness: Randomness) -> bytes:
    """Draw the record of one face."""
    image = _portrait(randomness)
    block = _FACE.size + _IMAGE.size + len(image)
    face = _FACE.pack(
        block, 0, _UNSPECIFIED, _UNSPECIFIED, _UNSPECIFIED, _NEUTRAL_EXPRESSION
    ) + _IMAGE.pack(
        _FULL_FRONTAL, _JPEG, _WIDTH, _HEIGHT, _SRGB, _DIGITAL_CAMERA, _UNSPECIFIED, _UNSPECIFIED
    )
    return _RECORD_HEADER.pack(_FORMAT, _VERSION, _RECORD_HEADER.size + block, 1) + face + image


def _portrait(randomness: Randomness) -> bytes:
    """Draw a face and encode it as JPEG, as well as it fits."""
    from PIL import Image, ImageDraw  # noqa: PLC0415  heavy, and only for a complete card

    skin, hair = (colours[randomness(1)[0] % 4] for colours in (_SKINS, _HAIRS))
    picture = Image.new("RGB", (_WIDTH, _HEIGHT), _BACKGROUND)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((10, 250, 230, 420), fill=_COLLAR)
    draw.rectangle((98, 220, 142, 275), fill=skin)
    draw.ellipse((36, 24, 204, 220), fill=hair)
    draw.ellipse((48, 48, 192, 250), fill=skin)
    for x in (90, 150):
        draw.ellipse((x - 14, 126, x + 14, 142), fill=(250, 250, 250))
        draw.ellipse((x - 6, 127, x + 6, 141), fill=_EYE)
        draw.line((x - 18, 112, x + 18, 112), fill=hair, width=5)
    draw.line((120, 140, 112, 178, 124, 180), fill=_EYE, width=2)
    draw.arc((94, 178, 146, 214), 20, 160, fill=_MOUTH, width=5)
    # Grain as of a camera: without it the picture would be smaller than any photograph.
    grain = Image.frombytes("RGB", picture.size, randomness(3 * _WIDTH * _HEIGHT))
    picture = Image.blend(picture, grain, _GRAIN)
    for quality in _QUALITIES:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality)
        if file.tell() <= IMAGE_MAX_BYTES:
            return file.getvalue()
    raise ValueError(f"a portrait does not fit into {IMAGE_MAX_BYTES} bytes")
