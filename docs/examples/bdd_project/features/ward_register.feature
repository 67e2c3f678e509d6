Feature: The ward's register
  Who may sign is looked up by certificate, so the register has to notice that a card was renewed.

  Background:
    Given Alice holds a smartcard with 30 days left
    And the ward's register has Alice's card

  Scenario: A renewed card is another one to the register
    When Alice renews her card
    Then both certificates on her card are new, longer valid and hers
    And the ward's register is out of date by 1 card

  Scenario: A card that was pulled out and renewed after all counts once
    Given her card was pulled out once the new signing key is made and put back
    When Alice renews her card
    Then the CA holds no other certificate of hers for valid
    And the ward's register is out of date by 1 card

  Scenario: A wrong passcode leaves the register as it is
    When Alice tries to renew her card with the passcode "999999"
    Then she is told that 2 remaining tries are left
    And the ward's register is out of date by 0 card

  Scenario: A card without room for its new certificate still counts
    Given the fault "card.full:before=PUT DATA,slot=9c" is armed
    When Alice tries to renew her card
    Then she is told to run the renewal again
    And the fault "card.full" struck
    And the ward's register is out of date by 0 card
