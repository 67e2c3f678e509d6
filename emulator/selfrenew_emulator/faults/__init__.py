# SPDX-License-Identifier: Apache-2.0
"""Faults: the catalogue of their names, how they are ordered, and what each does."""

from .board import FaultBoard
from .ca import CA_FAULTS
from .ca_conduct import AnsweringKeys, conduct, tell_answered, tell_asked
from .ca_exchange import CONNECTION, CaMisbehaviour, Door, reset
from .ca_front import CaFront, CaRecord
from .ca_trigger import CaMessage
from .card_going import CARD_REMOVED, CardRemoval
from .card_timing import CONTACT, CONTACTLESS, TIMINGS, CardTiming
from .catalogue import CATALOGUE, check_order, read_order
from .errors import (
    ElsewhereError,
    FaultError,
    FaultOrderError,
    NoDoorError,
    NothingToStrikeError,
    UnknownFaultError,
)
from .fault import ArmedFault, Fault, FaultOrder, FaultTarget
from .mail import MAIL_REFUSED, MailDelay, MailFaults, MailLoss, MailRefusal
from .moment import Moment, Phase, key_of, title
from .network import FaultyLine
from .portal import PORTAL_FAULTS, PortalFaults
from .process_zone import ProcessZone, switching_at
from .reader import Absence, ReaderFaults, ReaderService, SecondReader
from .scene import Beside, Exchange, PulledOutError, Surroundings, Tap, blank_card
from .services import ServiceRefusal, WrongKey
from .tap import CardFaults

__all__ = [
    "CARD_REMOVED",
    "CATALOGUE",
    "CA_FAULTS",
    "CONNECTION",
    "CONTACT",
    "CONTACTLESS",
    "MAIL_REFUSED",
    "PORTAL_FAULTS",
    "TIMINGS",
    "Absence",
    "AnsweringKeys",
    "ArmedFault",
    "Beside",
    "CaFront",
    "CaMessage",
    "CaMisbehaviour",
    "CaRecord",
    "CardFaults",
    "CardRemoval",
    "CardTiming",
    "Door",
    "ElsewhereError",
    "Exchange",
    "Fault",
    "FaultBoard",
    "FaultError",
    "FaultOrder",
    "FaultOrderError",
    "FaultTarget",
    "FaultyLine",
    "MailDelay",
    "MailFaults",
    "MailLoss",
    "MailRefusal",
    "Moment",
    "NoDoorError",
    "NothingToStrikeError",
    "Phase",
    "PortalFaults",
    "ProcessZone",
    "PulledOutError",
    "ReaderFaults",
    "ReaderService",
    "SecondReader",
    "ServiceRefusal",
    "Surroundings",
    "Tap",
    "UnknownFaultError",
    "WrongKey",
    "blank_card",
    "check_order",
    "conduct",
    "key_of",
    "read_order",
    "reset",
    "switching_at",
    "tell_answered",
    "tell_asked",
    "title",
]
