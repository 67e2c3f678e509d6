# SPDX-License-Identifier: Apache-2.0
"""The fixtures of a reader that every PC/SC program sees.

They need Debian's pcscd and vsmartcard-vpcd. Without them, or without namespaces, what becomes of
the test is the setting `selfrenew_pcsc`; either way the remedy is told.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from .settings import PcscNeed, settings_of

if TYPE_CHECKING:
    from selfrenew_emulator.card import Card
    from selfrenew_emulator.faults import FaultBoard
    from selfrenew_emulator.reader import PrivatePcscd, VpcdReader


@pytest.fixture(scope="session")
def selfrenew_pcscd(pytestconfig: pytest.Config) -> Iterator["PrivatePcscd"]:
    """Give a pcscd of one's own, to which PC/SC programs of this process are pointed.

    Default: two readers, `selfrenew 00 00` and `selfrenew 00 01`; one for each worker of xdist.
    """
    from selfrenew_emulator.reader import PrivatePcscd, ReaderError  # noqa: PLC0415
    from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE  # noqa: PLC0415

    need = settings_of(pytestconfig).pcsc
    required = bool(os.environ.get("CI")) if need is PcscNeed.AUTO else need is PcscNeed.REQUIRED
    with ExitStack() as stack:
        missing = ""
        try:
            pcscd = stack.enter_context(PrivatePcscd())
        except ReaderError as error:
            missing = str(error)
        if missing and required:
            pytest.fail(missing, pytrace=False)
        elif missing:
            pytest.skip(missing)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv(SOCKET_VARIABLE, str(pcscd.socket_file))
        yield pcscd


@pytest.fixture
def selfrenew_pcsc_reader(
    selfrenew_pcscd: "PrivatePcscd", selfrenew_card: "Card", selfrenew_faults: "FaultBoard"
) -> Iterator["VpcdReader[Card]"]:
    """Give a reader of PC/SC, seen by every program.

    Default: the first one, `selfrenew_card` in it.
    """
    reader: VpcdReader[Card] = selfrenew_pcscd.reader()
    # A second card comes where programs see it, and not beside the stage's own reader.
    selfrenew_faults.surroundings.beside = reader
    selfrenew_faults.attach_reader(reader)
    reader.insert(selfrenew_card)
    reader.settle()
    yield reader
    reader.close()
