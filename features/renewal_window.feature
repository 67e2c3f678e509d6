Feature: The renewal window
  Self-service is open for 90 days and not longer, to the second at both ends.
  Encodes: "The 'Renew certificate' button will only be available for 90 days before expiry of your
  NHS smartcard."

  Background:
    Given Alice holds a smartcard

  Scenario Outline: Within the window a card is renewed
    Given her card expires in <time left>
    When Alice renews her card
    Then she is told "Success: certificate renewed for smartcard"

    Examples:
      | time left |
      | 90 days   |
      | 1 day     |
      | 1 second  |

  Scenario Outline: The clocks that go forward or back neither close the window nor open it again
    Given her card expires in 1 second
    And summer time <turns> at this moment
    When Alice renews her card
    Then she is told "Success: certificate renewed for smartcard"

    Examples:
      | turns  |
      | begins |
      | ends   |

  Scenario Outline: Before the window the renewal is not due
    Given her card expires in <time left>
    When Alice tries to renew her card
    Then the renewal is refused as not due
    And nothing on her card has changed

    Examples:
      | time left       |
      | 91 days         |
      | 90 days and 1 second |

  Scenario Outline: The certificate that expires first drives the window
    Given Alice's signing certificate expires in <signing> days and her authentication certificate in <authentication>
    When Alice renews her card
    Then she is told "Success: certificate renewed for smartcard"

    Examples:
      | signing | authentication |
      | 90      | 300            |
      | 300     | 90             |

  Scenario Outline: After expiry only the Registration Authority can renew
    Given her card expired <time> ago
    When Alice tries to renew her card
    Then she is sent to the Registration Authority
    And nothing on her card has changed

    Examples:
      | time     |
      | 1 second |
      | 1 day    |

  Scenario: A card that was just renewed is not due
    Given her card expires in 30 days
    And Alice has renewed her card
    When Alice tries to renew her card
    Then the renewal is refused as not due
