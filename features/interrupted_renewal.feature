Feature: A renewal that broke off
  A card pulled out at the wrong moment is what people fear; it must cost no more than a second run.
  Encodes: "A window will then appear showing the smartcard renewal process – this takes around
  three minutes."

  Background:
    Given Alice holds a smartcard with 30 days left

  Scenario Outline: At every moment a key still counts, and the holder is told how to go on
    When her card is pulled out <moment>
    Then she is told to put her card in and to run the renewal again
    And a key on her card still has a certificate that counts

    Examples:
      | moment                                              |
      | before the new signing key is made                  |
      | while the new signing key is made                   |
      | once the new signing key is made                    |
      | while the new signing certificate is written        |
      | once the new signing certificate is written         |
      | before the new authentication key is made           |
      | while the new authentication key is made            |
      | once the new authentication key is made             |
      | while the new authentication certificate is written |
      | once the new authentication certificate is written  |

  Scenario Outline: Running the renewal again finishes it
    Given her card was pulled out <moment> and put back
    When Alice renews her card
    Then both certificates on her card are new, longer valid and hers
    And each certificate on her card belongs to the key beside it
    And the CA holds both certificates on her card for valid
    And the CA holds no other certificate of hers for valid

    Examples:
      | moment                                              |
      | before the new signing key is made                  |
      | while the new signing key is made                   |
      | once the new signing key is made                    |
      | while the new signing certificate is written        |
      | once the new signing certificate is written         |
      | before the new authentication key is made           |
      | while the new authentication key is made            |
      | once the new authentication key is made             |
      | while the new authentication certificate is written |
      | once the new authentication certificate is written  |

  Scenario Outline: The repetition says what an earlier renewal has left
    Given her card was pulled out <moment> and put back
    When Alice renews her card
    Then she is told on the way "A previous renewal was interrupted; the <left> to be renewed."

    Examples:
      | moment                                    | left                                               |
      | once the new signing key is made          | signing and authentication certificates still have |
      | before the new authentication key is made | authentication certificate still has               |
      | once the new authentication key is made   | authentication certificate still has               |
