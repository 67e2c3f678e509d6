Feature: Sign in with any role
  People with several jobs hold several roles on one card, and no particular one is needed.
  Encodes: "If you have multiple roles you can use any of these roles."

  Background:
    Given Alice has the roles "Pharmacist" and "Clinic nurse"
    And Alice holds a smartcard with 30 days left

  Scenario Outline: Every role of the holder signs in
    When Alice signs in as "<role>"
    Then the Spine vouches for her in the role "<role>"

    Examples:
      | role         |
      | Pharmacist   |
      | Clinic nurse |

  Scenario Outline: Every role of the holder is shown the notice
    When Alice signs in as "<role>"
    Then she is notified that 30 days are left

    Examples:
      | role         |
      | Pharmacist   |
      | Clinic nurse |

  Scenario: Taking the card out ends the session
    Given Alice is signed in
    When Alice takes her card out
    Then the Spine no longer accepts her ticket
