# SPDX-License-Identifier: Apache-2.0
"""The PIV card application, seen from the host: vocabulary, and the client that speaks it."""

from .objects import (
    CardholderUniqueIdentifier,
    CertificateObject,
    DataObject,
    DataObjectFormatError,
)
from .reference_data import (
    ReferenceDataFormatError,
    check_new_passcode,
    encode_reference_data,
)
from .references import Algorithm, KeyReference, ReferenceDataQualifier

__all__ = [
    "Algorithm",
    "CardholderUniqueIdentifier",
    "CertificateObject",
    "DataObject",
    "DataObjectFormatError",
    "KeyReference",
    "ReferenceDataFormatError",
    "ReferenceDataQualifier",
    "check_new_passcode",
    "encode_reference_data",
]
