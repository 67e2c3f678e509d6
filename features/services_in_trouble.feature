Feature: Services that are away in the middle
  A line that is cut, an issuer that is down or a day without renewals must cost nobody a card.
  Encodes: "A window will then appear showing the smartcard renewal process – this takes around
  three minutes."

  Background:
    Given Alice holds a smartcard with 30 days left

  Scenario Outline: An answer of the CA that does not come costs a second run and nothing else
    Given the CA's answer to <what> was lost time and again while Alice renewed her card
    When Alice runs the renewal again
    Then both certificates on her card are new, longer valid and hers
    And the CA holds both certificates on her card for valid
    And the CA holds no other certificate of hers for valid

    Examples:
      | what                                           |
      | the request for her signing certificate        |
      | the request for her authentication certificate |
      | the confirmation of her signing certificate    |

  Scenario Outline: Before one issuer is up again nothing is begun
    Given the <issuer> issuer is down
    When Alice tries to renew her card
    Then she is told to try again in 60 seconds
    And nothing on her card has changed

    Examples:
      | issuer         |
      | signing        |
      | authentication |

  Scenario: On a day without renewals she signs in all the same
    Given renewals are down
    When Alice signs in
    Then her work goes on

  Scenario: On a day without renewals nothing is begun
    Given renewals are down
    When Alice tries to renew her card
    Then she is told to try again in 60 seconds
    And nothing on her card has changed
