# SPDX-License-Identifier: Apache-2.0
"""Tests of the program, with a card in the process."""

import pytest
from card_reading import CardGoneError, tries_left


def test_a_new_card_has_three_tries(selfrenew_reader):
    assert tries_left(selfrenew_reader.connect().transmit) == 3


def test_a_wrong_passcode_costs_one(selfrenew_reader):
    connection = selfrenew_reader.connect()
    connection.transmit(bytes.fromhex("0020008008") + b"999999\xff\xff")
    assert tries_left(connection.transmit) == 2


@pytest.mark.selfrenew_fault("card.removed:before=VERIFY")
def test_a_card_that_goes_is_told_in_a_persons_words(selfrenew_reader):
    with pytest.raises(CardGoneError, match="put it in again"):
        tries_left(selfrenew_reader.connect().transmit)
