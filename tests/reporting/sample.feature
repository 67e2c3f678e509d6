@sample
Feature: Cards <&> readers
  Why.

  Background:
    Given a card

  Scenario: It is read
    When it is read
    Then a picture is taken

  Scenario: It is torn
    When it is torn
    Then a picture is taken

  Scenario: It is lost
    When nobody has a reader

  Rule: Whoever takes a card gives it back

    Scenario Outline: It is kept for <time>
      Given a borrowed card
      When it is read

      Examples:
        | time    |
        | a day   |
        | a month |

  @absent
  Scenario: It is not tried
    When it is read
