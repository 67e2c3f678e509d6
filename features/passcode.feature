Feature: The passcode
  The passcode is the holder's consent: without it nothing is asked for and nothing is written.
  Encodes: "Confirm your passcode."

  Background:
    Given Alice holds a smartcard with 30 days left

  Rule: A wrong passcode is told with the tries that are left, and goes no further

    Scenario Outline: A wrong passcode tells the tries left
      Given Alice has entered a wrong passcode <before> times
      When Alice tries to renew her card with the passcode "999999"
      Then she is told that <left> remaining tries are left

      Examples:
        | before | left |
        | 0      | 2    |
        | 1      | 1    |

    Scenario: A wrong passcode asks nothing of the CA
      When Alice tries to renew her card with the passcode "999999"
      Then the CA was asked for nothing
      And nothing on her card has changed

    Scenario: The right passcode gives all tries back
      Given Alice has entered a wrong passcode 2 times
      When Alice renews her card
      Then her card has 3 tries left

  Rule: The holder may change the passcode

    Scenario: A changed passcode replaces the old one
      When Alice changes her passcode to "87654321"
      Then her card accepts the passcode "87654321"
      And her card refuses the passcode "123456"

    Scenario: The changed passcode renews
      Given Alice has changed her passcode to "87654321"
      When Alice renews her card
      Then she is told "Success: certificate renewed for smartcard"

    Scenario: The old passcode is needed for the change
      When Alice tries to change her passcode from "999999" to "87654321"
      Then she is told that 2 remaining tries are left

    Scenario Outline: A new passcode has 6 to 8 digits
      When Alice tries to change her passcode from "123456" to "<passcode>"
      Then she is told that a passcode has 6 to 8 digits
      And her card has 3 tries left

      Examples:
        | passcode  |
        | 12345     |
        | 123456789 |
        | 12345a    |

    Scenario: An older, shorter passcode still renews
      Given the passcode of her card is the older "1234"
      When Alice renews her card
      Then she is told "Success: certificate renewed for smartcard"

  @browser
  Rule: The page asks for the passcode and changes it

    Background:
      Given Alice is signed in at her desktop

    Scenario: 'Change Passcode' replaces the old one
      When Alice changes her passcode on the page to "87654321"
      Then she sees "Your passcode was changed"
      And her card accepts the passcode "87654321"
      And her card refuses the passcode "123456"

    Scenario Outline: On the page too a new passcode has 6 to 8 digits
      When Alice changes her passcode on the page to "<passcode>"
      Then the page objects "6 to 8 digits"
      And her card has 3 tries left

      Examples:
        | passcode  |
        | 12345     |
        | 123456789 |
        | 12345a    |

    Scenario: A wrong passcode on the page tells the tries left
      When Alice tries to renew her card on the page with a wrong passcode
      Then she sees "Enter passcode"
      And the page says "2 tries are left"
      And the CA was asked for nothing
