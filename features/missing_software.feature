@browser
Feature: Software that is missing
  A service desk can help at once when the page says which part of the machine is not as it should be.
  Encodes: "your machine is missing the required software"

  Background:
    Given Alice holds a smartcard with 30 days left

  Scenario: A machine without the smartcard software is told so
    Given the smartcard software does not run on her computer
    When Alice opens the service in her browser
    Then she sees "You have been logged out"
    And the page says "The smartcard software is not running on this computer"
    And the page says "Contact IT support within your organisation"
    And the page says "visit your Registration Authority"

  Scenario: A machine whose smartcard software is too old is told so
    Given the service needs newer software than she has
    And Alice is signed in at her desktop
    When Alice opens the service in her browser
    Then she sees "You have been logged out"
    And the page says "The smartcard software on this computer is too old"

  Scenario: Who is not signed in is told so
    Given Alice does not sign in at her desktop
    When Alice opens the service in her browser
    Then she sees "You have been logged out"
    And the page says "You are not signed in with your smartcard."

  Scenario: The check of the set-up tells the service desk what is missing
    Given the smartcard software does not run on her computer
    When Alice opens the check of the set-up
    Then the report says of "Smartcard software": "Problem"

  Scenario: The check of the set-up finds a machine that is configured correctly
    Given Alice is signed in at her desktop
    When Alice opens the check of the set-up
    Then the page says "The check is complete: everything that is needed is there."
