# SPDX-License-Identifier: Apache-2.0
"""The embedded stage: everything in one process, nothing beyond loopback."""

from typing import Unpack

from selfrenew_emulator.reader import EmbeddedReader

from .folder import CARD_FILE
from .local import LocalStage, StageOptions


class EmbeddedStage(LocalStage):
    """A stage whose reader is in the process too; the options are `LocalStage`'s.

    Its configuration names the card image `folder.card_file`, for programs beside this one.
    """

    reader: EmbeddedReader

    def __init__(self, **options: Unpack[StageOptions]) -> None:
        settings = {"transport": "image", "location": CARD_FILE}
        super().__init__(EmbeddedReader(), settings, **options)

    @property
    def direct_reader(self) -> EmbeddedReader:
        """The stage's reader, whose card no other process can reach."""
        return self.reader
