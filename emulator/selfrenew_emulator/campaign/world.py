# SPDX-License-Identifier: Apache-2.0
"""A stage that is put back to its beginning for every case, with cards that are made once."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from selfrenew.piv import CardholderUniqueIdentifier, DataObject, ReferenceDataQualifier
from selfrenew.secret import Secret
from selfrenew_emulator.ca import person_name
from selfrenew_emulator.card import Card, CardState
from selfrenew_emulator.card.image_content import encode
from selfrenew_emulator.clock import SettableClock
from selfrenew_emulator.faults import CaMessage, FaultBoard, Surroundings
from selfrenew_emulator.management.registry import ManagedCard
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.spine import Person
from selfrenew_emulator.stage import DEFAULT_NOW, EmbeddedStage
from selfrenew_emulator.stage.people import mail_address

from .case import Scenario, Setting
from .client import Client, Ending, OpenClient
from .evidence import NEW_PASSCODES, PASSCODE, Evidence, Found
from .in_process import InProcess
from .key_pool import shared_pool
from .mortal_reader import KilledError, MortalReader
from .oracle import CardFound, Holder, Issued
from .timeline import Timeline
from .watching import Watch

# Serial numbers and signatures are not of one length, and a certificate near a multiple of 255
# bytes would take one command more or less: a number has to mean the same one in every run.
_PADDING_BYTES = 134
# Twice as long as a code counts: somebody who went for a cup of tea enters it all the same.
_WAITING_MINUTES = 30
_PIN = ReferenceDataQualifier.APPLICATION_PIN
_CODE = re.compile(r"^Your code is (\S+)$", re.MULTILINE)
_SECRETS = tuple(each.encode() for each in (PASSCODE, *NEW_PASSCODES))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A card as every case of its kind begins with it."""

    person: Person
    state: CardState
    managed: ManagedCard

    subject: x509.Name
    """Whose certificates they are."""


class _Line(httpx.BaseTransport):
    """A transport whose other end is exchanged from run to run."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.check: Callable[[], None] = lambda: None
        self.carried = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.check()
        self.carried += 1
        return self.inner.handle_request(request)


class World:
    """A running stage; enter it to start, leave it to stop. One thread at a time uses it."""

    def __init__(self, open_client: OpenClient, seed: str | int) -> None:
        self._open_client = open_client
        self._clock = SettableClock(DEFAULT_NOW)
        # Not what the stage draws: a transactionID of its own cards would come once more.
        self.randomness = seeded(f"{seed}, card office")
        self._pool = shared_pool()
        self._in_process = InProcess()
        self.stage = EmbeddedStage(
            clock=self._clock,
            seed=seed,
            key_source=self._pool,
            status_http=self._in_process.status_http,
        )
        self._stack = ExitStack()
        self._prepared: dict[tuple[str, str], Prepared] = {}
        self._others: CardState | None = None
        self._other: Card | None = None
        self.cases = 0

    def __enter__(self) -> Self:
        self._stack.enter_context(self.stage)
        urls = self.stage.urls
        applications = {
            urls.cmp_https: ("ca", self.stage.ca_front),
            urls.cmp_http: ("ca", self.stage.ca_front),
            urls.management: ("management", self.stage.management.app),
            urls.spine: ("spine", self.stage.spine.app),
        }
        by_address = {httpx.URL(url).netloc.decode(): each for url, each in applications.items()}
        self._services = {address: name for address, (name, _) in by_address.items()}
        self._in_process.serve(
            {address: app for address, (_, app) in by_address.items()}, self.stage.ca.app
        )
        self._stack.callback(self._in_process.close)
        names = [httpx.URL(url).netloc.decode() for url in (urls.cmp_https, urls.cmp_http)]
        self.stage.ca_front.door = self._in_process.door(*names)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    @contextmanager
    def begin(self, setting: Setting) -> Iterator["Desk"]:
        """Begin a case with a card in the reader; at its end everything is as before it."""
        # Before anything is made: the last case may have left another time.
        self._clock.set(DEFAULT_NOW)
        prepared = self._prepare(setting)
        self.cases += 1
        self._pool.rewind()
        self._other = None
        self.stage.outbox.empty()
        self.stage.management.restore(prepared.managed)
        with self.stage.ca.rehearsal():
            desk = Desk(self, setting, prepared)
            try:
                yield desk
            finally:
                desk.clear()

    def service_of(self, url: httpx.URL) -> str:
        """Name the service at an address."""
        return self._services.get(url.netloc.decode(), "")

    @property
    def clock(self) -> SettableClock:
        """The stage's clock."""
        return self._clock

    @property
    def services(self) -> InProcess:
        """The line to the services."""
        return self._in_process

    def open_client(self, reader: MortalReader, line: httpx.BaseTransport) -> Client:
        """Open the program under test."""
        return self._open_client(self.stage.config_file, reader, self._clock, line, self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let time go by, in no time."""
        self._clock.advance(timedelta(seconds=seconds))

    def card_of(self, state: CardState) -> Card:
        """Give a card with a content of its own."""
        return Card(state, key_source=self._pool)

    def other_card(self) -> Card:
        """Give another person's card, as it was made."""
        if self._others is None:
            raise LookupError("no case was begun")
        self._other = self.card_of(self._others)
        return self._other

    @property
    def others_touched(self) -> bool:
        """Whether the other person's card is not as it was made any more."""
        return self._other is not None and self._other.store.committed != self._others

    def _prepare(self, setting: Setting) -> Prepared:
        kind = (setting.key_type, setting.personality.value)
        if self._others is None:
            self._others = self.stage.make_card(self.stage.make_person("Bob Brown")).state
        if kind not in self._prepared:
            person = self.stage.make_person()
            card = self.stage.make_card(
                person,
                algorithm=setting.algorithm,
                personality=setting.personality,
                passcode=PASSCODE.encode(),
                certificate_padding=_PADDING_BYTES,
            )
            raw = card.state.objects[DataObject.CHUID.tag]
            managed = self.stage.management.card(CardholderUniqueIdentifier.from_bytes(raw).guid)
            if managed is None:
                raise LookupError("card management does not know a card that was just made")
            self._pool.mark()
            self._prepared[kind] = Prepared(
                person, card.state, managed, person_name(person.user_id)
            )
        return self._prepared[kind]


class Desk:
    """One case's card, reader, client and faults."""

    def __init__(self, world: World, setting: Setting, prepared: Prepared) -> None:
        self._world = world
        self._time = DEFAULT_NOW
        self.prepared = prepared
        self.card = world.card_of(prepared.state)
        if setting.scenario is Scenario.UNLOCK:
            self._lock()
        self.reader = world.stage.reader
        self._mortal = MortalReader(self.reader)
        self.board = FaultBoard(
            Surroundings(
                sleep=world.sleep,
                clock=world.clock,
                kill=self._mortal.die,
                other_card=world.other_card,
            )
        )
        world.stage.suffer(self.board)
        self._tap = self.reader.tap
        self._told = 0
        self._mails_read = 0
        self._faulty = self.board.before_services(world.services, world.service_of)
        self._line = _Line(self._faulty)
        self._holder = Holder(prepared.subject, tuple(world.stage.ca.issuers.values()))
        self._issued_at: tuple[int, datetime] | None = None
        self._known: tuple[Issued, ...] = ()
        self._client = world.open_client(self._mortal, self._line)
        self.put_right()

    @property
    def transmit(self) -> Callable[[bytes], bytes]:
        """Send a command by the reader, as a program of the card office does."""
        return self._mortal.connect().transmit

    @property
    def line(self) -> httpx.BaseTransport:
        """The line to the services, with its faults."""
        return self._line

    @property
    def world(self) -> World:
        """Where it stands."""
        return self._world

    def put_right(self) -> None:
        """Have the program live, and reader and card be where they belong."""
        self._mortal.dead = False
        # A clock that went back was wrong; one that went ahead may as well be right. When it was
        # put right before, it had gone on by what was waited for until then.
        self._time = max(self._world.clock(), self._time)
        self._world.clock.set(self._time)
        self._line.check = self._mortal.check
        self.reader.plug_in()
        self.reader.stand_alone()
        if self.reader.card is not self.card:
            if self.reader.card_present:
                self.reader.remove()
            self.reader.insert(self.card)

    def exchange_card(self, card: Card) -> None:
        """Go on with another card, as when one is made anew, or comes back from another program."""
        self.card = card
        self._issued_at = None
        self.put_right()

    def run(self, action: Callable[[Client], Ending], attempt: int = 0) -> Evidence:
        """Run something, with what is armed, and gather what there is to know of it."""
        puks = self.puks()
        timeline = Timeline(
            (*_SECRETS, *(puk.encode() for puk in puks)), self._read_message, self._world.service_of
        )
        before = self.find()
        watch = Watch(timeline, self.find, lambda: (self.card.store.committed, self._now()))
        self.reader.tap = timeline.before_card(self._tap)
        self._line.inner = timeline.before_services(self._faulty)
        code: int | None = None
        text, told = "the program was killed", tuple[str, ...]()
        with suppress(KilledError):
            ending = action(self._client)
            code, text, told = int(ending.code), ending.text, tuple(ending.told)
        self.reader.tap = self._tap
        self._line.inner = self._faulty
        return Evidence(
            before,
            self.find(),
            code,
            text,
            told,
            timeline,
            self._struck_since(),
            watch.gaps,
            self.puks(),
            attempt,
            others_touched=self._world.others_touched,
        )

    def _struck_since(self) -> tuple[str, ...]:
        """Tell what struck since this was asked, which may be as soon as it was armed."""
        history = self.board.history
        struck, self._told = tuple(history[self._told :]), len(history)
        return struck

    def find(self) -> Found:
        """Read the card and the CA as they are."""
        card = CardFound(encode(self.card.store.committed))
        return Found(card, self._issued(), self._now(), self._holder)

    def puks(self) -> Sequence[str]:
        """Tell what card management takes for the card's unlocking key."""
        managed = self._world.stage.management.card(self.prepared.managed.guid)
        if managed is None:
            return ()
        return tuple(
            puk.reveal().decode() for puk in (managed.puk, managed.next_puk) if puk is not None
        )

    def read_code(self) -> Secret:
        """Wait for a mail, and read the code of the last one; who has none enters nothing."""
        address, outbox = mail_address(self.prepared.person), self._world.stage.outbox
        for _ in range(_WAITING_MINUTES):
            if len(outbox.messages_to(address)) > self._mails_read:
                break
            self._world.sleep(60)
        messages = outbox.messages_to(address)
        self._mails_read = len(messages)
        found = _CODE.search(messages[-1].get_content()) if messages else None
        return Secret("" if found is None else found[1])

    def clear(self) -> None:
        """Leave reader, services and this process as they were."""
        self.board.put_right()
        self._client.close()
        self.reader.tap = None
        self.reader.doubt = None
        self._world.stage.mail.doubt = None
        self.reader.plug_in()
        if self.reader.card_present:
            self.reader.remove()

    def _now(self) -> datetime:
        return self._world.clock()

    def _read_message(self, url: httpx.URL, raw: bytes) -> CaMessage | None:
        if self._world.service_of(url) != "ca":
            return None
        return self._world.stage.ca_front.read(url.path, raw)

    def _lock(self) -> None:
        store = self.card.store
        store.put_reference(_PIN, store.state.references[_PIN].with_tries(0))
        store.commit()

    def _issued(self) -> tuple[Issued, ...]:
        # Nothing but requests, and time, changes what the CA has.
        at = (self._line.carried, self._now())
        if at != self._issued_at:
            records = self._world.stage.ca.certificates_of(self.prepared.subject)
            self._known = tuple(
                Issued(each.profile, each.state.value, each.certificate.public_bytes(Encoding.DER))
                for each in records
            )
            self._issued_at = at
        return self._known
