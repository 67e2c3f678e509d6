# SPDX-License-Identifier: Apache-2.0
"""`selfrenew renew`: both certificates, or what an earlier renewal has left to do."""

from contextlib import closing

import click
from cryptography import x509

from selfrenew import messages
from selfrenew.piv.references import Algorithm
from selfrenew.renewal import RenewalOutcome, slot_name
from selfrenew.renewal.inspection import SLOT_WORDS

from .certificate_view import certificate_view, serial
from .errors import StoppedError
from .passcode_input import read_passcode
from .progress import RenewalWatch, shown
from .settings import Settings, common_options, passcode_option

KEY_TYPES = {
    "p256": Algorithm.P256,
    "p384": Algorithm.P384,
    "rsa2048": Algorithm.RSA2048,
    "rsa3072": Algorithm.RSA3072,
    "rsa4096": Algorithm.RSA4096,
}
"""The kinds of keys a renewal makes, as they are called on the command line."""


@click.command()
@click.option(
    "--key-type",
    type=click.Choice(list(KEY_TYPES), case_sensitive=False),
    help="The new keys.  [default: what they replace]",
)
@common_options
@passcode_option
@click.pass_obj
def renew(settings: Settings, *, key_type: str | None) -> None:
    """\b
    selfrenew renew
    SELFRENEW_PASSCODE=... selfrenew renew --json

    Renew both certificates on the card. Do not remove it meanwhile; should it come out all the
    same, run this again and it goes on from where it was.
    """  # noqa: D205, D301, D400  help opens with two examples
    watch = settings.watch = RenewalWatch()
    with settings.open() as reference, closing(reference.reader.connect()) as connection:
        passcode = read_passcode(settings)
        try:
            with shown(settings, watch) as observe:
                outcome = reference.renew(
                    passcode,
                    connection=connection,
                    algorithm=None if key_type is None else KEY_TYPES[key_type.lower()],
                    observe=observe,
                )
        except KeyboardInterrupt as error:
            raise StoppedError(watch.standing) from error
    _show(settings, watch, outcome)


def _show(settings: Settings, watch: RenewalWatch, outcome: RenewalOutcome) -> None:
    signed_in = watch.signed_in_serial
    certificates = {}
    for key, new in outcome.new.items():
        old = outcome.old[key]
        certificates[SLOT_WORDS[key]] = {
            "slot": f"{key:02X}",
            "old": None if old is None else certificate_view(old),
            "new": certificate_view(new),
        }
        before = messages.NONE_AT_ALL if old is None else _in_words(old)
        settings.say(messages.RENEWED_CERTIFICATE.format(slot=slot_name(key).capitalize()))
        settings.say(f"  {messages.RENEWED_OLD.format(certificate=before)}")
        settings.say(f"  {messages.RENEWED_NEW.format(certificate=_in_words(new))}")
    settings.give(
        {
            "message": messages.SUCCESS,
            "resumed": watch.resumed,
            "renewed": certificates,
            "signed_in_serial": None if signed_in is None else f"{signed_in:X}",
        }
    )
    settings.tell(messages.SUCCESS_NEXT)
    settings.say(messages.SUCCESS)


def _in_words(certificate: x509.Certificate) -> str:
    return messages.SERIAL_AND_END.format(
        serial=serial(certificate), end=certificate.not_valid_after_utc
    )
