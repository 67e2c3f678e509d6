Feature: A locked card
  Three wrong passcodes lock a card. Its holder unlocks it alone and renews after that.
  Encodes: "If the smartcard has been locked or you have forgotten your PASSCODE you will need to
  have your smartcard unlocked first."

  Background:
    Given Alice holds a smartcard with 30 days left

  Scenario: The third wrong passcode locks the card
    Given Alice has entered a wrong passcode 2 times
    When Alice tries to renew her card with the passcode "999999"
    Then she is told that her card is locked
    And her card has 0 tries left

  Scenario: A locked card refuses the right passcode too
    Given Alice has locked her card
    When Alice tries to renew her card
    Then she is told that her card is locked
    And nothing on her card has changed

  Scenario: Unlocking sets the new passcode
    Given Alice has locked her card
    When Alice unlocks her card with the new passcode "24681357"
    Then her card accepts the passcode "24681357"
    And her card refuses the passcode "123456"

  Scenario: An unlocked card is renewed
    Given Alice has locked her card
    And Alice has unlocked her card with the new passcode "24681357"
    When Alice renews her card
    Then she is told "Success: certificate renewed for smartcard"

  Scenario: A wrong unlock code leaves the card locked
    Given Alice has locked her card
    When Alice tries to unlock her card with a wrong code
    Then the unlock is refused
    And her card has 0 tries left
