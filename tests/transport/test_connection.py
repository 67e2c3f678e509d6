# SPDX-License-Identifier: Apache-2.0
import pytest

from selfrenew.transport import (
    CardRemovedError,
    NoCardError,
    NoReaderError,
    ReaderBusyError,
    TransportError,
    UnusableCardError,
)


@pytest.mark.parametrize("kind", [NoReaderError, NoCardError, CardRemovedError, ReaderBusyError])
def test_an_error_names_the_reader_and_what_to_do_in_one_line(kind: type[TransportError]) -> None:
    text = str(kind("Desk 7"))
    assert "'Desk 7'" in text
    # Two sentences: what is the matter, and what to do.
    assert text.count(". ") + text.count(": ") == 1
    assert len(text.splitlines()) == 1


def test_whatever_goes_wrong_with_a_reader_is_one_kind_of_error() -> None:
    for kind in (
        NoReaderError,
        NoCardError,
        CardRemovedError,
        ReaderBusyError,
        UnusableCardError,
    ):
        assert issubclass(kind, TransportError)
