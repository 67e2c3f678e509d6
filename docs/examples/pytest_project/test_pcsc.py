# SPDX-License-Identifier: Apache-2.0
"""The same program through PC/SC, where pyscard is installed."""

import pytest
from card_reading import CardGoneError, tries_left

pytest.importorskip("smartcard", reason="needs the extra pcsc")


@pytest.fixture
def transmit(selfrenew_pcsc_reader):
    # pyscard asks for PC/SC's daemon when it is imported, and the fixture names the daemon.
    from smartcard.System import readers

    reader = next(each for each in readers() if each.name == selfrenew_pcsc_reader.name)
    connection = reader.createConnection()
    connection.connect()

    def send(command):
        data, *status = connection.transmit(list(command))
        return bytes([*data, *status])

    yield send
    connection.disconnect()
    connection.release()


def test_the_card_in_the_reader_has_three_tries(transmit):
    assert tries_left(transmit) == 3


@pytest.mark.selfrenew_fault("card.removed:after=VERIFY")
def test_a_card_that_goes_is_told_in_a_persons_words(transmit):
    with pytest.raises(CardGoneError):
        tries_left(transmit)
