Feature: A forgotten passcode
  Nobody has to lock a card first, or visit anyone, because a passcode slipped their mind.
  Encodes: "Follow the self-service unlock process before renewing the certificates."

  Background:
    Given Alice holds a smartcard with 30 days left
    And Alice has forgotten her passcode

  Scenario: A forgotten passcode is replaced without locking the card
    When Alice unlocks her card with the new passcode "24681357"
    Then her card accepts the passcode "24681357"

  Scenario: After the forgotten passcode was replaced the card is renewed
    Given Alice has unlocked her card with the new passcode "24681357"
    When Alice renews her card
    Then both certificates on her card are new, longer valid and hers

  Scenario: The unlock code comes by mail to its holder
    When Alice asks for an unlock code
    Then a mail with a code reaches Alice's address
