# SPDX-License-Identifier: Apache-2.0
"""A CA that is away, fails, or whose answer does not arrive: faults of HTTP and TCP."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from selfrenew.cmp.structures import BodyType

from .ca_exchange import CaExchange, CaMisbehaviour, HttpAnswer
from .ca_trigger import PARAMETERS, REQUESTS, STRIKES_AT, CaTrigger, number
from .fault import Fault, FaultTarget

_ALL: frozenset[BodyType] = frozenset()
_SLOWEST_MS = 60_000


def _unreachable(parameters: Mapping[str, str]) -> CaMisbehaviour:
    return CaMisbehaviour(CaTrigger.read(parameters), CaExchange.reset, shuts=True)


def _unavailable(parameters: Mapping[str, str]) -> CaMisbehaviour:
    trigger = CaTrigger.read(parameters)
    headers: tuple[tuple[str, str], ...] = ()
    if "retry-after" in parameters:
        seconds = number("retry-after", parameters, default=0, most=86_400)
        headers = (("retry-after", str(seconds)),)
    answer = HttpAnswer(503, "text/plain", b"The CA is being maintained.\n", headers)
    return CaMisbehaviour(trigger, lambda exchange: exchange.send(answer))


def _error(parameters: Mapping[str, str]) -> CaMisbehaviour:
    answer = HttpAnswer(500, "text/html", b"<h1>Internal Server Error</h1>")
    return CaMisbehaviour(CaTrigger.read(parameters), lambda exchange: exchange.send(answer))


def _hang(parameters: Mapping[str, str]) -> CaMisbehaviour:
    return CaMisbehaviour(CaTrigger.read(parameters), CaExchange.hung_up)


def _reset(parameters: Mapping[str, str]) -> CaMisbehaviour:
    return CaMisbehaviour(CaTrigger.read(parameters), afterwards=CaExchange.send_half)


def _slow(parameters: Mapping[str, str]) -> CaMisbehaviour:
    own = dict(parameters)
    seconds = number("pause-ms", own, default=1000, most=_SLOWEST_MS) / 1000

    async def drip(exchange: CaExchange, answer: HttpAnswer) -> None:
        await exchange.send_slowly(answer, seconds)

    return CaMisbehaviour(CaTrigger.read(parameters), afterwards=drip)


async def _send_truncated(exchange: CaExchange, answer: HttpAnswer) -> None:
    await exchange.send(replace(answer, body=answer.body[: len(answer.body) // 2]))


def _truncated(parameters: Mapping[str, str]) -> CaMisbehaviour:
    return CaMisbehaviour(CaTrigger.read(parameters), afterwards=_send_truncated)


def _content_type(parameters: Mapping[str, str]) -> CaMisbehaviour:
    kind = parameters.get("type", "text/html")
    if not kind.isascii() or not kind.isprintable() or "/" not in kind:
        raise ValueError(f"'{kind}' is no content type")

    async def send(exchange: CaExchange, answer: HttpAnswer) -> None:
        await exchange.send(replace(answer, content_type=kind))

    return CaMisbehaviour(CaTrigger.read(parameters), afterwards=send)


async def _lose(exchange: CaExchange, _: HttpAnswer) -> None:
    await exchange.reset()


def _lost(kinds: frozenset[BodyType]) -> Callable[[Mapping[str, str]], CaMisbehaviour]:
    return lambda parameters: CaMisbehaviour(CaTrigger.read(parameters, kinds), afterwards=_lose)


async def _send_last(exchange: CaExchange, answer: HttpAnswer) -> None:
    await exchange.send(replace(answer, body=exchange.last or answer.body))


def _duplicate(parameters: Mapping[str, str]) -> CaMisbehaviour:
    return CaMisbehaviour(CaTrigger.read(parameters), afterwards=_send_last, needs_last=True)


def _fault(
    name: str,
    reason: str,
    client: str,
    read: Callable[[Mapping[str, str]], CaMisbehaviour],
    *parameters: str,
    counted: bool = True,
) -> Fault:
    return Fault(
        name,
        FaultTarget.CA,
        reason,
        client,
        read,
        (*parameters, *PARAMETERS),
        trigger=STRIKES_AT,
        counted=counted,
    )


OUTAGES = (
    _fault(
        "ca.unreachable",
        "A CA is switched off, or a firewall was changed: connections are refused, at once or from "
        "the message on that is named, until the fault is cleared.",
        "Finds out before it changes the card; later, says which certificate has to be done again.",
        _unreachable,
        counted=False,
    ),
    _fault(
        "ca.unavailable",
        "A gateway before the CA is told that the CA is being maintained, and until when.",
        "Before the card was changed, says when to come back; after that, comes back itself once "
        "the time of Retry-After is over, with the same message, where its patience allows.",
        _unavailable,
        "retry-after",
    ),
    _fault(
        "ca.error",
        "Something before the CA fails and answers with a page for people.",
        "Says that it failed and is to be tried later; takes the page for no CMP.",
        _error,
    ),
    _fault(
        "ca.hang",
        "A server has accepted the message and never says anything.",
        "Ends the wait by its own clock; asks again once, and then says so.",
        _hang,
    ),
    _fault(
        "ca.reset",
        "A line is cut, or a server killed, in the middle of its answer.",
        "Uses no half of an answer; asks again for the same key, in a new transaction.",
        _reset,
    ),
    _fault(
        "ca.slow",
        "An answer comes byte by byte, so that no time limit for silence ends it.",
        "Limits the time of the whole answer.",
        _slow,
        "pause-ms",
    ),
    _fault(
        "ca.truncated",
        "Something on the way cuts an answer and announces the length of what is left.",
        "Uses nothing of it, and tells the CA by an error message that the transaction is over.",
        _truncated,
    ),
    _fault(
        "ca.content-type",
        "A gateway gives every answer the content type of web pages.",
        "Does not take for CMP what is not said to be (RFC 9811, 3.2); tells the CA.",
        _content_type,
        "type",
    ),
    _fault(
        "ca.answer-lost",
        "The CA has issued the certificate, and the line breaks before its answer is out.",
        "Asks again for the same key in a new transaction, since a transactionID counts once; the "
        "CA gives the certificate that it has.",
        _lost(REQUESTS),
    ),
    _fault(
        "ca.pkiconf-lost",
        "The CA has taken the confirmation, and the line breaks before pkiConf is out.",
        "Confirms again in the same transaction; an answer of certConfirmed is as good as pkiConf.",
        _lost(frozenset({BodyType.CERTCONF})),
    ),
    _fault(
        "ca.duplicate-answer",
        "Something on the way gives the answer before once more, as a cache does.",
        "Sees by transactionID and recipNonce that it is to another message.",
        _duplicate,
    ),
)
