# SPDX-License-Identifier: Apache-2.0
"""What control APIs take and give of faults, and of what came of them."""

from selfrenew_emulator.faults import CaRecord

from .ca_models import Bytes, ControlModel


class FaultForm(ControlModel):
    """An order of the catalogue's, such as `card.removed:after=GENERATE,slot=9c`."""

    order: str


class FaultView(FaultForm):
    """A fault that was armed, and how often it has struck."""

    strikes: int


class CaRecordView(ControlModel):
    """A request that came to the CA, and what came of it; the fields are those of `CaRecord`."""

    request: str
    transaction_id: Bytes
    fault: str | None
    status: int | None
    answer: str | None

    @classmethod
    def of(cls, record: CaRecord) -> "CaRecordView":
        """Write a record down."""
        return cls(
            request=record.request,
            transaction_id=record.transaction_id,
            fault=record.fault,
            status=record.status,
            answer=record.answer,
        )

    def record(self) -> CaRecord:
        """Give the record."""
        return CaRecord(self.request, self.transaction_id, self.fault, self.status, self.answer)
