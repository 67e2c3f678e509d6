# SPDX-License-Identifier: Apache-2.0
"""A card that failed at a desk: its conversation was recorded there, and is played here."""

from pathlib import Path

import pytest

from selfrenew.piv import KeyReference
from selfrenew.piv.client import PivClient
from selfrenew.piv.errors import UnreadableObjectError
from selfrenew_emulator.reader import EmbeddedReader
from selfrenew_emulator.trace import ScriptedCard, read_trace


@pytest.fixture
def card():
    scripted = ScriptedCard(read_trace(Path(__file__).with_name("desk.trace")))
    yield scripted
    # Another command than at the desk, or none where one was due, fails the test here.
    scripted.verify()


def test_a_certificate_that_is_none_is_told_from_one_that_is_missing(card):
    reader = EmbeddedReader()
    reader.insert(card)
    client = PivClient(reader.connect())
    client.select()
    with pytest.raises(UnreadableObjectError, match="authentication certificate"):
        client.read_certificate(KeyReference.PIV_AUTHENTICATION)
    assert client.read_certificate(KeyReference.DIGITAL_SIGNATURE) is None
