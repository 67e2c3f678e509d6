# SPDX-License-Identifier: Apache-2.0
"""How a command says no: raised where the rule is, encoded at the card's edge."""

from selfrenew.iso7816 import StatusWord


class CommandRefusedError(Exception):
    """A status word other than success; `sw` may carry a number, as 63Cx does."""

    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


def tries(left: int) -> CommandRefusedError:
    """Refuse with the tries that are left."""
    return CommandRefusedError(0x63C0 | min(left, 0x0F))


def incorrect_data() -> CommandRefusedError:
    """Refuse the command data."""
    return CommandRefusedError(StatusWord.INCORRECT_DATA)
