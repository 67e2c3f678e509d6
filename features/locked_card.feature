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

  Scenario: A passcode that is shared with other applications is not for a code to replace
    Given the passcode of her card is shared with other applications on it
    And Alice has locked her card
    When Alice tries to renew her card
    Then she is told that her card is locked
    And she is told that no code unlocks it, and where to go

  @browser
  Rule: The page leads from the locked card to the renewal

    Scenario: The third wrong passcode on the page leads to the unlock
      Given Alice is signed in at her desktop
      And Alice has entered a wrong passcode 2 times
      When Alice tries to renew her card on the page with a wrong passcode
      Then she sees "Your smartcard is locked"
      And the page says "Unlock your smartcard first"

    Scenario: The page of a locked card leads to a code by mail
      Given Alice has locked her card
      And her desktop tells Alice that her card is locked
      And Alice opened the service in her browser
      When she goes to "Unlock your smartcard" for a code
      Then she sees "Enter the code and a new passcode"
      And a mail with a code reaches Alice's address

    Scenario: The code and a new passcode unlock the card
      Given Alice has locked her card
      And her desktop tells Alice that her card is locked
      And Alice opened the service in her browser
      And she went to "Unlock your smartcard" for a code
      When she enters the code from her mail and the new passcode "24681357"
      Then she sees "Your smartcard is unlocked"
      And her card accepts the passcode "24681357"

    Scenario: A card that was unlocked on the page is renewed there
      Given Alice has locked her card
      And her desktop tells Alice that her card is locked
      And Alice opened the service in her browser
      And she went to "Unlock your smartcard" for a code
      And she has entered the code from her mail and the new passcode "24681357"
      And Alice took her card out and signed in again at her desktop
      When Alice renews her card on the page
      Then she sees "Success: certificate renewed for smartcard"

    Scenario: Where no code unlocks the card the page offers none
      Given the passcode of her card is shared with other applications on it
      And Alice has locked her card
      And her desktop tells Alice that no code unlocks her card
      When Alice opens the service in her browser
      Then she sees "Your smartcard is locked"
      And the page says "Visit your Registration Authority with your smartcard."
