# SPDX-License-Identifier: Apache-2.0
"""Readers and the card in them, and what the card answers."""

from typing import Final

from selfrenew.messages.marking import phrase, plural, text

CARD_ANSWER_SHORT: Final = plural(
    "number",
    "The card answered {number} byte where two of status were due. Take the card out, put it back "
    "and try again.",
    "The card answered {number} bytes where two of status were due. Take the card out, put it back "
    "and try again.",
)
CARD_ANSWER_MISSING: Final = text("The card announces more data and gives none. Reinsert it.")
CARD_ANSWER_ENDLESS: Final = text("The card's answer does not end (over 64 KiB). Reinsert it.")
NO_READER: Final = text(
    "There is no smartcard reader '{name}' available. Connect it, or name another one."
)
NO_CARD: Final = text("There is no card in the reader '{reader}'. Insert your smartcard.")
CARD_REMOVED: Final = text(
    "The card was removed from the reader '{reader}'. Put it back and start again."
)
READER_BUSY: Final = text(
    "Another program is using the card in the reader '{reader}'. Close it and try again."
)
PCSC_REFUSED: Final = text(
    "{attempted} failed: PC/SC answered {code} ({said}). Take the card out, put it back and try "
    "again."
)
NO_PCSC: Final = text(
    "The smartcard service (pcscd) is not running, or may not be used. Start it (systemctl start "
    "pcscd.socket), or ask your IT service desk."
)
AMBIGUOUS_READER: Final = plural(
    "number",
    "The name '{wanted}' fits {number} reader: {readers}. Give the whole name of one.",
    "The name '{wanted}' fits {number} readers: {readers}. Give the whole name of one.",
)
NO_SUCH_CARD: Final = plural(
    "number",
    "The smartcard reader does not hold {wanted}. Insert your smartcard.",
    "None of the {number} smartcard readers holds {wanted}. Insert your smartcard.",
)
AMBIGUOUS_CARD: Final = plural(
    "number",
    "{number} reader holds {wanted}: {readers}. Take the other cards out, or name the reader in "
    "the configuration.",
    "{number} readers hold {wanted}: {readers}. Take the other cards out, or name the reader in "
    "the configuration.",
)
CARD_RESET: Final = text(
    "Another program reset the card in the reader '{reader}'. Close it and start again."
)
MUTE_CARD: Final = text(
    "The card in the reader '{reader}' does not come up. Put it in the right way round; if it "
    "still does not, the card or the reader is damaged: ask your IT service desk."
)
CONNECTING: Final = phrase("Connecting to the card in the reader '{reader}'")
ASKING_ATR: Final = phrase("Asking for the answer to reset")
SENDING_COMMAND: Final = phrase("Sending a command to the card")
ASKING_CARD_STATE: Final = phrase("Asking for the card's state")
RESETTING: Final = phrase("Resetting the card")
HOLDING: Final = phrase("Holding the card for this program alone")
CONNECTION_CLOSED: Final = text(
    "The connection to the card in the reader '{reader}' is closed. Connect again."
)
LISTING_READERS: Final = phrase("Listing the smartcard readers")
ASKING_READER_STATE: Final = phrase("Asking the reader '{name}' for its state")
ANY_CARD: Final = phrase("a smartcard that can be renewed")
THIS_CARD: Final = phrase("the smartcard {guid}")
NOT_PIV: Final = text(
    "Selecting the PIV application was answered {answer}: this is not an NHS smartcard that can be "
    "renewed here. Insert your NHS smartcard, or see your Registration Authority if this is it."
)
CARD_REFUSED: Final = text(
    "{attempted} was answered {answer}. Nothing further was tried: take the card out, put it back "
    "and try again."
)
WRONG_PASSCODE: Final = plural(
    "tries_left",
    "The passcode you entered is not valid. You have {tries_left} remaining try.",
    "The passcode you entered is not valid. You have {tries_left} remaining tries.",
)
LOCKED: Final = text(
    "Your smartcard is locked: the passcode was entered wrongly too often. Unlock it with "
    "'selfrenew unlock' before renewing."
)
WRONG_UNLOCKING_KEY: Final = text(
    "The card did not accept the unlocking key from card management ({tries_left} remaining). "
    "Nothing was changed: ask your Registration Authority."
)
UNLOCKING_KEY_BLOCKED: Final = text(
    "The card can no longer be unlocked by self-service: its unlocking key is blocked. See your "
    "Registration Authority."
)
GLOBAL_PIN_NOT_UNLOCKED: Final = text(
    "This card cannot be unlocked by self-service: its passcode is shared with other applications "
    "on it. Nothing was changed: see your Registration Authority."
)
GLOBAL_PIN_LOCKED: Final = text(
    "Your smartcard is locked: the passcode was entered wrongly too often. It cannot be unlocked "
    "by self-service, because its passcode is shared with other applications on it. See your "
    "Registration Authority."
)
UNREADABLE: Final = text(
    "The card's {what} cannot be read: {why}. If it is your own card, see your Registration "
    "Authority."
)
ASKING_TRIES: Final = phrase("Asking for the passcode's remaining tries")
VERIFYING: Final = phrase("Verifying the passcode")
CHANGING_PASSCODE: Final = phrase("Changing the passcode")
UNLOCKING: Final = phrase("Unlocking the card")
REPLACING_KEY: Final = phrase("Replacing the unlocking key")
READING_OBJECT: Final = phrase("Reading the card's {object}")
WRITING_OBJECT: Final = phrase("Writing the card's {object}")
GENERATING: Final = phrase("Generating a new key in slot {key}")
SIGNING: Final = phrase("Signing with the key in slot {key}")
ASKING_CHALLENGE: Final = phrase("Asking the card for its management challenge")
