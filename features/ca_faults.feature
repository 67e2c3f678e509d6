Feature: A CA that is away, slow or half there
  Certificates come from a CA that people never see; its troubles must neither cost a card nor keep
  anybody from signing in.
  Encodes: "A window will then appear showing the smartcard renewal process – this takes around
  three minutes."

  Background:
    Given Alice holds a smartcard with 30 days left

  Scenario: While the CA is away Alice signs in as ever
    Given the CA is away
    When Alice signs in
    Then the Spine still accepts her ticket

  Scenario: A renewal that cannot be finished is not begun
    Given the CA is away
    When Alice tries to renew her card
    Then she is told to try again later
    And nothing on her card has changed

  Scenario Outline: With one of the two issuers down nothing is begun
    Given the <issuer> issuer of the CA is down
    When Alice tries to renew her card
    Then she is told to try again later
    And nothing on her card has changed

    Examples:
      | issuer         |
      | authentication |
      | signing        |

  Scenario: An issuer that goes down in the middle costs a second run
    Given the authentication issuer of the CA goes down once it is asked for a certificate
    When Alice tries to renew her card
    Then she is told to run the renewal again
    And a key on her card still has a certificate that counts

  Scenario: Once the CA is well again the renewal is finished
    Given the authentication issuer of the CA goes down once it is asked for a certificate
    And Alice has tried to renew her card
    And the CA is well again
    When Alice renews her card
    Then each certificate on her card belongs to the key beside it
    And the CA holds both certificates on her card for valid
    And the CA holds no other certificate of hers for valid

  Scenario Outline: An answer that is lost once costs nothing
    Given the CA's answer to a <message> is lost once
    When Alice renews her card
    Then both certificates on her card are new, longer valid and hers
    And the CA holds both certificates on her card for valid
    And the CA holds no other certificate of hers for valid

    Examples:
      | message      |
      | request      |
      | confirmation |

  Scenario: A CA that needs a minute to decide is waited for
    Given the CA takes 60 seconds to decide
    When Alice renews her card
    Then both certificates on her card are new, longer valid and hers

  Scenario: A CA that needs a day to decide is not
    Given the CA takes 86400 seconds to decide
    When Alice tries to renew her card
    Then she is told to run the renewal again
    And a key on her card still has a certificate that counts
