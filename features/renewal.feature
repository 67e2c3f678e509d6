Feature: Renewal of both certificates
  One certificate signs the holder in, the other signs prescriptions; a renewal replaces the pair.
  Encodes: "When it completes you will receive the message 'Success: certificate renewed for
  smartcard'."

  Scenario: Success is told in the service's words
    Given Alice holds a smartcard with 30 days left
    When Alice renews her card
    Then she is told "Success: certificate renewed for smartcard"

  Scenario: Progress is told for each certificate
    Given Alice holds a smartcard with 30 days left
    When Alice renews her card
    Then she sees the signing certificate renewed before the authentication certificate

  Scenario Outline: The certificate that ends first is renewed first
    Given Alice's signing certificate expires in <signing> days and her authentication certificate in <authentication>
    When Alice renews her card
    Then she sees the <first> certificate renewed before the <second> certificate

    Examples:
      | signing | authentication | first          | second         |
      | 20      | 2              | authentication | signing        |
      | 2       | 20             | signing        | authentication |

  Scenario Outline: Both certificates are replaced, whatever the keys
    Given Alice holds a smartcard with <algorithm> keys and 30 days left
    When Alice renews her card
    Then both certificates on her card are new, longer valid and hers
    And each certificate on her card belongs to the key beside it
    And both keys on her card are new <algorithm> keys

    Examples:
      | algorithm |
      | P-256     |
      | P-384     |
      | RSA-2048  |

  Scenario: Each certificate comes from its own issuer under the root
    Given Alice holds a smartcard with 30 days left
    When Alice renews her card
    Then the authentication certificate on her card was issued by the authentication issuer
    And the signing certificate on her card was issued by the signing issuer

  Scenario: The certificates that were replaced no longer count
    Given Alice holds a smartcard with 30 days left
    When Alice renews her card
    Then the CA holds both old certificates for superseded
    And the CA holds both certificates on her card for valid

  @browser
  Rule: The page renews as the program does

    Background:
      Given Alice holds a smartcard with 30 days left
      And Alice is signed in at her desktop

    Scenario: 'Renew Certificate' and 'Continue' replace both certificates
      When Alice renews her card on the page
      Then both certificates on her card are new, longer valid and hers
      And each certificate on her card belongs to the key beside it
      And the CA holds both old certificates for superseded
      And the CA holds both certificates on her card for valid

    Scenario: What is not confirmed is not begun
      Given the page of the service is open
      When she selects "Renew Certificate" and enters her passcode
      Then she sees "Renew certification confirmation"
      And the CA was asked for nothing
