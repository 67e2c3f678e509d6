Feature: Cards that are not as a renewal left them
  Other tools write into the same card, and at a shared desk it is not always the same card.
  Encodes: "A window will then appear showing the smartcard renewal process – this takes around
  three minutes."

  Background:
    Given Alice holds a smartcard with 30 days left

  Scenario: A card that was swapped for another person's is left alone
    Given her card was swapped for Bob's before the new authentication key was made
    When Alice tries to go on with the renewal of her card
    Then she is told that another card is in the reader
    And nothing on Bob's card has changed

  Scenario: What was begun before the swap is finished with her own card
    Given her card was swapped for Bob's before the new authentication key was made
    And her own card is in the reader again
    When Alice renews her card
    Then both certificates on her card are new, longer valid and hers
    And the CA holds no other certificate of hers for valid

  Scenario: A card in a second reader that appears in the middle is left alone
    Given a reader with another card appears beside hers once the new signing key is made
    When Alice renews her card
    Then both certificates on her card are new, longer valid and hers
    And nothing on the card in the second reader has changed

  Scenario Outline: What another tool left half done is put right
    Given another tool has made a new <slot> key on her card and no certificate
    When Alice renews her card
    Then both certificates on her card are new, longer valid and hers
    And each certificate on her card belongs to the key beside it
    And the CA holds no other certificate of hers for valid

    Examples:
      | slot           |
      | signing        |
      | authentication |

  Scenario: A certificate longer than most is kept whole
    Given the CA issues certificates of more than 1536 bytes to Alice
    When Alice renews her card
    Then both certificates on her card have more than 1536 bytes
    And each certificate on her card belongs to the key beside it
    And the CA holds both certificates on her card for valid

  Scenario Outline: What is certified for a kind of key that is not known is never replaced
    Given another tool has put a certificate for an Ed25519 key on her card for <slot>
    When Alice tries to renew her card
    Then she is told that her <slot> certificate is of a kind that cannot be renewed

    Examples:
      | slot           |
      | signing        |
      | authentication |

  @browser
  Scenario: The page says why such a card is not renewed, and where to go
    Given another tool has put a certificate for an Ed25519 key on her card for signing
    And Alice is signed in at her desktop
    When Alice opens the service in her browser
    Then "Renew Certificate" is not active, because "of a kind that cannot be renewed here. Visit your Registration Authority"
