# SPDX-License-Identifier: Apache-2.0
"""A CA that cannot write any more issues nothing it would not remember."""

import os
from collections.abc import Iterator

import pytest

from selfrenew.config import assemble, load_configuration
from selfrenew.renewal import RenewalInterruptedError, events
from selfrenew_emulator.stage.containers import ContainersStage, ServiceContainer
from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE

from .nothing_lost import PASSCODE, SIGNING, hand_out_beside, once

_BYTES = 4 * 1024 * 1024
_FILLER = "/state/filler"
_FILL = f"""
with open("{_FILLER}", "wb", buffering=0) as file:
    try:
        while file.write(bytes(4096)):
            pass
    except OSError as error:
        print(error.strerror)
"""


@pytest.fixture
def bounded(monkeypatch: pytest.MonkeyPatch) -> Iterator[ContainersStage]:
    """A stage of its own whose CA has a small disk. The process's PC/SC stays where it is."""
    monkeypatch.setenv(SOCKET_VARIABLE, os.environ.get(SOCKET_VARIABLE, ""))
    with ContainersStage(state_bytes={"ca": _BYTES}) as stage:
        yield stage


def fill(service: ServiceContainer) -> None:
    status, said = service.execute("python", "-c", _FILL)
    assert (status, said.strip()) == (0, "No space left on device")


def test_a_renewal_that_met_a_full_disk_is_finished_when_there_is_room(
    bounded: ContainersStage,
) -> None:
    ca, bob = bounded.fleet["ca"], hand_out_beside(bounded)
    configuration = load_configuration(bounded.config_file)
    with assemble(configuration, reader=bob.reader, clock=bounded.clock) as reference:
        with pytest.raises(RenewalInterruptedError):
            reference.renew(PASSCODE, observe=once(events.KeyGenerated, SIGNING, lambda: fill(ca)))
        bob.assert_a_key_counts()
        assert ca.execute("rm", _FILLER) == (0, "")
        reference.renew(PASSCODE)
    bob.assert_renewed_and_nothing_else_counts()
