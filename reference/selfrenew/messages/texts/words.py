# SPDX-License-Identifier: Apache-2.0
"""Words that several texts are put together with."""

from typing import Final

from selfrenew.messages.marking import phrase

OR: Final = phrase("or")
NONE_AT_ALL: Final = phrase("none")
MONTHS: Final = (
    # Translators: each month as it stands within a date, such as "02 March 2026".
    phrase("January"),
    phrase("February"),
    phrase("March"),
    phrase("April"),
    phrase("May"),
    phrase("June"),
    phrase("July"),
    phrase("August"),
    phrase("September"),
    phrase("October"),
    phrase("November"),
    phrase("December"),
)
