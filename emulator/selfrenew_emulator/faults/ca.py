# SPDX-License-Identifier: Apache-2.0
"""Every fault of the CA by its name."""

from types import MappingProxyType

from .ca_answers import ANSWERS
from .ca_bytes import RAW_BYTES
from .ca_certificates import CERTIFICATES
from .ca_outage import OUTAGES

CA_FAULTS = MappingProxyType(
    {fault.name: fault for fault in (*OUTAGES, *ANSWERS, *CERTIFICATES, *RAW_BYTES)}
)
