# SPDX-License-Identifier: Apache-2.0
"""RSASSA-PSS parameters (RFC 4055, 3.1; RFC 9481, 3.1).

SHA-1 is none of CMP's hashes (RFC 9481, 2 and 3), so that it is not known here, and neither are
parameters that leave out the hash or the mask's, which is SHA-1 then.
"""

from typing import Annotated

from cryptography.hazmat.asn1 import TLV, Explicit, sequence
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from . import algorithms as alg
from .errors import CmpFormatError, UnknownAlgorithmError
from .message import decode, decode_list, encode
from .structures import GenMsgContent

_SALT_MAX_BYTES = 512
_TRAILER_BC = 1


@sequence
class PssParameter:
    """RSASSA-PSS-params; what is absent is SHA-1, its MGF1 and 20 bytes of salt."""

    hash_algorithm: Annotated[list[TLV] | None, Explicit(0)] = None
    mask_gen_algorithm: Annotated[list[TLV] | None, Explicit(1)] = None
    salt_length: Annotated[int | None, Explicit(2)] = None
    trailer_field: Annotated[int | None, Explicit(3)] = None


def pss_parameters(identifier: list[TLV]) -> tuple[padding.PSS, hashes.HashAlgorithm]:
    """Read the padding and hash of an RSASSA-PSS identifier. Raise CmpFormatError."""
    if len(identifier) != 2:
        raise CmpFormatError("the RSASSA-PSS signature has no parameters")
    parameter = decode(PssParameter, encode(identifier[1]))
    digest = _digest(parameter.hash_algorithm)
    mask = _mask(parameter.mask_gen_algorithm)
    salt = 20 if parameter.salt_length is None else parameter.salt_length
    if digest is None or mask is None or not 0 <= salt <= _SALT_MAX_BYTES:
        raise UnknownAlgorithmError("the RSASSA-PSS signature names a hash or salt not known here")
    if parameter.trailer_field not in {None, _TRAILER_BC}:
        raise UnknownAlgorithmError("the RSASSA-PSS signature names a trailer not known here")
    return padding.PSS(padding.MGF1(mask), salt), digest


def _digest(identifier: list[TLV] | None) -> hashes.HashAlgorithm | None:
    if identifier is None:
        return None
    digest = alg.DIGESTS.get(alg.oid_of(identifier))
    return None if isinstance(digest, hashes.SHA1) else digest


def _mask(identifier: list[TLV] | None) -> hashes.HashAlgorithm | None:
    if identifier is None or alg.oid_of(identifier) != alg.MGF1 or len(identifier) != 2:
        return None
    return _digest(decode_list(GenMsgContent, encode(identifier[1])))
