@browser
Feature: The page 'Smartcard Service'
  Its names and its order are those of the service's document, so that people find what they read of.
  Encodes: "Smartcard Service: Select service, Enter passcode, Renew certification confirmation"

  Background:
    Given Alice holds a smartcard

  Rule: Whose certificates are due is led through three steps

    Background:
      Given her card expires in 30 days
      And Alice is signed in at her desktop

    Scenario: The service's address leads to the page
      When Alice opens the service in her browser
      Then she sees "Select service"
      And the page says "Smartcard Service"
      And the page says "Signed in as Alice Archer"

    Scenario: The three steps are named
      When Alice opens the service in her browser
      Then the page shows the steps "Select service", "Enter passcode" and "Renew certification confirmation"

    Scenario: Both services are there to be selected
      When Alice opens the service in her browser
      Then the page offers "Change Passcode" and "Renew Certificate"
      And the page has the buttons "Close" and "Continue"

    Scenario: 'Continue' leads to the passcode
      Given the page of the service is open
      When she selects "Renew Certificate" and presses "Continue"
      Then she sees "Enter passcode"

    Scenario: The passcode leads to the confirmation
      Given the page of the service is open
      When she selects "Renew Certificate" and enters her passcode
      Then she sees "Renew certification confirmation"
      And the page says "This takes around three minutes."
      And the page says "Do not remove your smartcard."

    Scenario: 'Close' leaves the card as it is
      Given the page of the service is open
      When she presses "Close"
      Then she sees "You have closed this service"
      And nothing on her card has changed

  Rule: 'Renew Certificate' is active for the 90 days before expiry

    Scenario Outline: Within 90 days of expiry it is active
      Given her card expires in <time left>
      And Alice is signed in at her desktop
      When Alice opens the service in her browser
      Then "Renew Certificate" is active

      Examples:
        | time left |
        | 90 days   |
        | 1 day     |

    Scenario Outline: Before that it is not, and says from when
      Given her card expires in <time left>
      And Alice is signed in at her desktop
      When Alice opens the service in her browser
      Then "Renew Certificate" is not active, because "You can renew them from .*, 90 days before they expire"
      And "Change Passcode" is active

      Examples:
        | time left            |
        | 91 days              |
        | 90 days and 1 second |

    Scenario: After that nobody signs in, which the page says with where to go
      Given her card expired 1 day ago
      And her desktop tells Alice that her certificate expired
      When Alice opens the service in her browser
      Then she sees "You cannot sign in with this smartcard"
      And the page says "Visit your Registration Authority with your smartcard."
