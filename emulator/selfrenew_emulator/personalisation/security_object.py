# SPDX-License-Identifier: Apache-2.0
"""The security object: signed hashes of the other objects (SP 800-73-4 Part 1, 3.1.7, table 12).

In the LDSSecurityObject of ICAO's travel documents the hashes are those of numbered data groups;
the mapping in tag BA tells which object has which number.
"""

from collections.abc import Mapping

from cryptography.hazmat.asn1 import TLV, sequence
from cryptography.hazmat.primitives import hashes

from selfrenew.cmp import algorithms
from selfrenew.cmp.message import encode
from selfrenew.iso7816 import Tlv
from selfrenew.piv.objects import DataObject

from .content_signer import ContentSigner
from .signed_data import hash_for

COVERED = (
    DataObject.CARD_CAPABILITY_CONTAINER,
    DataObject.CHUID,
    DataObject.FINGERPRINTS,
    DataObject.FACIAL_IMAGE,
    DataObject.PRINTED_INFORMATION,
    DataObject.DISCOVERY,
    DataObject.KEY_HISTORY,
    DataObject.IRIS_IMAGES,
    DataObject.BIOMETRIC_GROUP_TEMPLATE,
    DataObject.PAIRING_CODE,
)
"""All but the certificates, the signer's object and this one itself, as 3.1.7 recommends."""
_MAPPING, _SIGNED, _ERROR_DETECTION = 0xBA, 0xBB, 0xFE
_VERSION = 0


@sequence
class DataGroupHash:
    """DataGroupHash."""

    data_group_number: int
    data_group_hash_value: bytes


@sequence
class LdsSecurityObject:
    """LDSSecurityObject."""

    version: int
    hash_algorithm: list[TLV]
    data_group_hash_values: list[DataGroupHash]


def security_object(contents: Mapping[DataObject, bytes], signer: ContentSigner) -> bytes:
    """Build the object over what a card holds; `contents` are without the wrapper 53.

    The discovery object and the BIT group template have none: their own tags are covered too, as
    validators compute it. All hashes are by the signature's algorithm (SP 800-78-4, 3.2.3).
    """
    covered = [each for each in COVERED if contents.get(each)]
    groups = dict(enumerate(covered, start=1))
    mapping = b"".join(
        bytes((number,)) + data_object.container.to_bytes(2, "big")
        for number, data_object in groups.items()
    )
    digest = hash_for(signer.key)
    body = LdsSecurityObject(
        version=_VERSION,
        hash_algorithm=algorithms.digest_identifier(digest),
        data_group_hash_values=[
            DataGroupHash(
                data_group_number=number,
                data_group_hash_value=_hash(contents[data_object], digest),
            )
            for number, data_object in groups.items()
        ],
    )
    signed = signer.sign_security_object(encode(body))
    fields = ((_MAPPING, mapping), (_SIGNED, signed), (_ERROR_DETECTION, b""))
    return b"".join(bytes(Tlv(tag, value)) for tag, value in fields)


def _hash(content: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    hashing = hashes.Hash(algorithm)
    hashing.update(content)
    return hashing.finalize()
