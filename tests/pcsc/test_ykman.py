# SPDX-License-Identifier: Apache-2.0
"""ykman: what it tells of a YubiKey, and PIN, PUK, management key, tries and reset.

Run with `--reader`, as it takes every reader whose name tells of a YubiKey for one, also when it is
empty: the second of vpcd's two slots has the same name as the first.
"""

import re
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path

import pytest

from selfrenew.piv.objects import DataObject
from selfrenew.piv.references import Algorithm, KeyReference
from selfrenew_emulator.card import Card, Personality
from selfrenew_emulator.randomness import seeded
from selfrenew_emulator.reader import LinkedCard, PrivatePcscd, VpcdReader
from selfrenew_emulator.stage.pcsc import SOCKET_VARIABLE

from .cards import KEY, PIN, PUK, factory_fresh
from .conftest import YKMAN, Program, Run, ykman_variables

pytestmark = pytest.mark.interop

PIN_FLAG, PUK_FLAG = ("--pin", PIN), ("--puk", PUK)
KEY_FLAG = ("--management-key", KEY.hex())
DEFAULTS = f"\tPIN:\t{PIN}\n\tPUK:\t{PUK}\n"


def error(text: str) -> str:
    return f"ERROR: {text}\n"


def left(card: Card, qualifier: int, tries: int) -> None:
    """Use up all but so many tries."""
    references = card.state.references
    references[qualifier] = references[qualifier].with_tries(tries)


def test_it_tells_what_device_this_is(yubikey: Card, ykman: Program) -> None:
    said = ykman("info")
    assert said.startswith(
        f"Device type: YubiKey 5C\nSerial number: {yubikey.state.serial}\n"
        "Firmware version: 5.7.4\nForm factor: Keychain (USB-C)\n"
    )
    assert re.search(r"^PIV +\tEnabled$", said, re.MULTILINE)
    assert len(re.findall(r"\tNot available$", said, re.MULTILINE)) == 6


def test_it_warns_of_all_default_values(yubikey: Card, ykman: Program) -> None:
    assert ykman("piv", "info").splitlines() == [
        "PIV version:              5.7.4",
        "PIN tries remaining:      3/3",
        "PUK tries remaining:      3/3",
        "Management key algorithm: AES192",
        "WARNING: Using default PIN!",
        "WARNING: Using default PUK!",
        "WARNING: Using default Management key!",
        "CHUID: No data available",
        "CCC:   No data available",
    ]


def test_readers_named_for_yubikeys_are_found_and_told_apart_by_serial_number(
    run: Run, tmp_path: Path
) -> None:
    cards = [factory_fresh(randomness=seeded(number)) for number in (1, 2)]
    left(cards[1], 0x80, 2)
    with PrivatePcscd(names=["Yubico YubiKey CCID"]) as pcscd, ExitStack() as stack:
        for slot, card in enumerate(cards):
            reader = pcscd.reader(slot)
            reader.insert(card)
            stack.callback(reader.close)
        variables = ykman_variables(tmp_path) | {SOCKET_VARIABLE: str(pcscd.socket_file)}
        listed = run(YKMAN, "list", **variables)
        lines = {f"YubiKey 5C (5.7.4) [CCID] Serial: {card.state.serial}" for card in cards}
        assert set(listed.stdout.splitlines()) == lines
        chosen = run(YKMAN, "--device", str(cards[1].state.serial), "piv", "info", **variables)
        assert "PIN tries remaining:      2/3\n" in chosen.stdout
        undecided = run(YKMAN, "piv", "info", **variables)
        assert undecided.stderr.endswith(error("Use --device SERIAL to specify which one to use."))


def test_the_pin_is_changed(yubikey: Card, ykman: Program) -> None:
    change = ("piv", "access", "change-pin")
    assert ykman(*change, *PIN_FLAG, "--new-pin", "p@ss wor") == "New PIN set.\n"
    assert ykman(*change, *PIN_FLAG, "--new-pin", "654321", fails=True) == (
        error("PIN change failed - 2 tries left.")
    )
    # More than ASCII is more than firmware 5.7 takes.
    assert ykman(*change, "--pin", "p@ss wor", "--new-pin", "pässwo", fails=True) == (
        error("PIN does not meet complexity requirement.")
    )
    assert ykman(*change, "--pin", "p@ss wor", "--new-pin", "654321") == "New PIN set.\n"


def test_a_blocked_pin_is_unblocked_with_the_puk(yubikey: Card, ykman: Program) -> None:
    left(yubikey, 0x80, 1)
    wrong = ("--pin", "000000", "--new-pin", "654321")
    for _ in range(2):
        said = ykman("piv", "access", "change-pin", *wrong, fails=True)
        assert said == error("PIN is blocked.")
    unblock = ("piv", "access", "unblock-pin", "--new-pin", "654321", "--puk")
    assert ykman(*unblock, "00000000", fails=True) == error("PIN unblock failed - 2 tries left.")
    assert ykman(*unblock, PUK) == "New PIN set.\n"
    lines = ykman("piv", "info").splitlines()
    assert lines[1:3] == ["PIN tries remaining:      3/3", "PUK tries remaining:      3/3"]
    assert "WARNING: Using default PIN!" not in lines


def test_the_puk_is_changed_and_blocked(yubikey: Card, ykman: Program) -> None:
    change = ("piv", "access", "change-puk", "--new-puk")
    assert ykman(*change, "87654321", *PUK_FLAG) == "New PUK set.\n"
    assert ykman(*change, "11111111", *PUK_FLAG, fails=True) == (
        error("PUK change failed - 2 tries left.")
    )
    left(yubikey, 0x81, 1)
    assert ykman(*change, "11111111", *PUK_FLAG, fails=True) == error("PUK is blocked.")
    unblock = ("piv", "access", "unblock-pin", "--new-pin", "654321", "--puk", "87654321")
    assert ykman(*unblock, fails=True) == error("PUK is blocked.")
    assert "PUK is blocked" in ykman("piv", "info").splitlines()


def test_tries_are_set_with_default_pin_and_puk(yubikey: Card, ykman: Program) -> None:
    ykman("piv", "access", "change-pin", *PIN_FLAG, "--new-pin", "654321")
    left(yubikey, 0x81, 0)
    retries = ("piv", "access", "set-retries", "20", "6", "--force", *KEY_FLAG, "--pin")
    assert ykman(*retries, PIN, fails=True) == error("PIN verification failed, 2 tries left.")
    said = ykman(*retries, "654321")
    assert said.endswith(
        "Number of PIN/PUK retries set.\nDefault PINs have been restored:\n" + DEFAULTS
    )
    lines = ykman("piv", "info").splitlines()
    assert lines[1:3] == ["PIN tries remaining:      20/20", "PUK tries remaining:      6/6"]
    assert lines[4:6] == ["WARNING: Using default PIN!", "WARNING: Using default PUK!"]


def test_a_management_key_of_each_algorithm_is_set_with_the_one_before(
    yubikey: Card, ykman: Program
) -> None:
    current = KEY
    for algorithm, size in (
        (Algorithm.TDES, 24),
        (Algorithm.AES128, 16),
        (Algorithm.AES256, 32),
        (Algorithm.AES192, 24),
    ):
        new = seeded(algorithm.name)(size)
        options = ("--management-key", current.hex(), "--new-management-key", new.hex())
        change = ("piv", "access", "change-management-key", "--algorithm", algorithm.name)
        assert ykman(*change, *options) == "New management key set.\n"
        stored = yubikey.state.keys[KeyReference.MANAGEMENT]
        assert (stored.algorithm, stored.material) == (algorithm, new)
        current = new
    assert ykman("piv", "objects", "generate", "chuid", *KEY_FLAG, fails=True) == (
        error("Authentication with management key failed.")
    )
    assert "WARNING: Using default Management key!" not in ykman("piv", "info").splitlines()


def test_a_management_key_is_drawn_and_told(yubikey: Card, ykman: Program) -> None:
    change = ("piv", "access", "change-management-key", "--generate", "--touch")
    lines = ykman(*change, "--algorithm", "AES256", *KEY_FLAG).splitlines()
    stored = yubikey.state.keys[KeyReference.MANAGEMENT]
    assert lines == [
        f"Generated management key: {stored.material.hex()}",
        "New management key set.",
    ]
    assert (len(stored.material), stored.touch_policy) == (32, 2)


def test_a_management_key_is_kept_behind_the_pin(yubikey: Card, ykman: Program) -> None:
    change = ("piv", "access", "change-management-key", *PIN_FLAG)
    assert ykman(*change, "--protect", *KEY_FLAG) == "New management key set.\n"
    stored = yubikey.state.keys[KeyReference.MANAGEMENT]
    assert stored.material != KEY
    assert stored.material in yubikey.state.objects[DataObject.PRINTED_INFORMATION.tag]
    assert ykman("piv", "info").splitlines()[6] == (
        "Management key is stored on the YubiKey, protected by PIN."
    )
    assert ykman("piv", "objects", "generate", "ccc", *PIN_FLAG) == "Object generated.\n"
    assert ykman("piv", "objects", "generate", "ccc", "--pin", "000000", fails=True) == (
        error("PIN verification failed, 2 tries left.")
    )
    # The PIN is enough to get the factory's back, and then nothing is kept behind it.
    assert ykman(*change, "--new-management-key", KEY.hex()) == "New management key set.\n"
    assert DataObject.PRINTED_INFORMATION.tag not in yubikey.state.objects


def test_a_reset_forgets_all_but_what_attests(yubikey: Card, ykman: Program) -> None:
    before = deepcopy(yubikey.state)
    for arguments in (
        ("keys", "generate", "--algorithm", "ECCP256", *KEY_FLAG, "9a", "-"),
        ("objects", "generate", "chuid", *KEY_FLAG),
        ("access", "set-retries", "5", "7", "--force", *KEY_FLAG, *PIN_FLAG),
        ("access", "change-puk", *PUK_FLAG, "--new-puk", "87654321"),
    ):
        ykman("piv", *arguments)
    said = ykman("piv", "reset", "--force")
    assert said == (
        "Resetting PIV data...\n"
        "Reset complete. All PIV data has been cleared from the YubiKey.\n"
        f"Your YubiKey now has the default PIN, PUK and Management Key:\n{DEFAULTS}"
        f"\tManagement Key:\t{KEY.hex()}\n"
    )
    after = yubikey.state
    assert (set(after.keys), after.objects) == (set(before.keys), before.objects)
    assert after.keys[0xF9] == before.keys[0xF9]
    assert ykman("piv", "info").splitlines()[1:7] == [
        "PIN tries remaining:      3/3",
        "PUK tries remaining:      3/3",
        "Management key algorithm: AES192",
        "WARNING: Using default PIN!",
        "WARNING: Using default PUK!",
        "WARNING: Using default Management key!",
    ]


def test_a_strict_card_is_none_of_its_own_and_stays_as_it_was(
    slots: list[VpcdReader[LinkedCard]], ykman: Program
) -> None:
    card = factory_fresh(Personality.PIV)
    slots[0].insert(card)
    before = deepcopy(card.state)
    # It asks for the version before anything else.
    for command in (("info",), ("reset", "--force"), ("keys", "info", "9a")):
        said = ykman("piv", *command, fails=True)
        assert said.endswith("ApduError: APDU error: SW=0x6d00 (INVALID_INSTRUCTION)\n")
    assert card.state == before
