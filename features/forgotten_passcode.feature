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

  Scenario: A code that was lost on its way is asked for again
    Given the mail with Alice's unlock code was lost
    When Alice unlocks her card with the new passcode "24681357"
    Then her card accepts the passcode "24681357"

  Scenario: A code that comes after its quarter of an hour opens nothing
    Given the mail with Alice's unlock code comes 20 minutes late
    When Alice tries to unlock her card with the code once it has come
    Then the unlock is refused
    And her card refuses the passcode "24681357"

  @browser
  Rule: The page sets a forgotten passcode by a code from the mail

    Background:
      Given Alice does not sign in at her desktop
      And Alice opened the service in her browser

    Scenario: Who forgot the passcode is led to the unlock without it
      When she goes to "I have forgotten my passcode" for a code
      Then she sees "Enter the code and a new passcode"
      And a mail with a code reaches Alice's address

    Scenario: The code sets the new passcode
      Given she went to "I have forgotten my passcode" for a code
      When she enters the code from her mail and the new passcode "24681357"
      Then she sees "Your smartcard is unlocked"
      And her card accepts the passcode "24681357"

    Scenario: With the new passcode the card is renewed
      Given she went to "I have forgotten my passcode" for a code
      And she has entered the code from her mail and the new passcode "24681357"
      And Alice took her card out and signed in again at her desktop
      When Alice renews her card on the page
      Then she sees "Success: certificate renewed for smartcard"

    Scenario: A wrong code is asked for again
      Given she went to "I have forgotten my passcode" for a code
      When she enters a wrong code and the new passcode "24681357"
      Then the page objects "The code is not valid. Enter the code of the latest email."
      And her card refuses the passcode "24681357"

    Scenario: A code that comes too late is told, with what to do
      Given she went to "I have forgotten my passcode" for a code
      And 16 minutes have passed
      When she enters the code from her mail and the new passcode "24681357"
      Then she sees "It could not be completed"
      And the page says "Start the unlock again for a new code."

    Scenario: A code that was used unlocks nothing more
      Given she went to "I have forgotten my passcode" for a code
      And she has entered the code from her mail and the new passcode "24681357"
      And she went on to "I have forgotten my passcode" for another code
      When she enters the code of her first mail and the new passcode "97531864"
      Then the page objects "The code is not valid. Enter the code of the latest email."
      And her card refuses the passcode "97531864"

    Scenario: While no mail goes out it is said so
      Given no mail goes out
      When she goes to "I have forgotten my passcode" for a code
      Then she sees "It could not be completed"
      And the page says "try again later"
