# SPDX-License-Identifier: Apache-2.0
"""What a timeline calls the commands that go by."""

from selfrenew_emulator.campaign.timeline import Timeline

PUT_9C = bytes.fromhex("10DB3FFF055C035FC10A")
TAG_LIST_BY_CHANCE = bytes.fromhex("10DB3FFF025C00")
END, OTHER = bytes.fromhex("00DB3FFF0101"), bytes.fromhex("00DB3FFF055C035FC102")


def test_a_part_is_of_the_object_that_its_chain_began_with_whatever_it_holds() -> None:
    timeline = Timeline()
    tap = timeline.before_card(None)
    for command in (PUT_9C, TAG_LIST_BY_CHANCE, END, OTHER):
        tap(command, lambda _: b"\x90\x00")
    assert [each.name for each in timeline.boundaries] == [
        "PUT DATA 9C (a part)",
        "PUT DATA 9C (a part)",
        "PUT DATA 9C",
        "PUT DATA",
    ]
