Feature: Notice of expiry
  Whoever is told in time can renew alone; whoever is not has to visit somebody.
  Encodes: "If your smartcard is going to expire in the next 90 days you will get a smartcard
  expiry notification window."

  Background:
    Given Alice holds a smartcard

  Rule: Within 90 days of expiry, each sign-in brings the notice

    Scenario Outline: The notice tells the whole days that are left
      Given her card expires in <time left>
      When Alice signs in
      Then she is notified that <days> days are left

      Examples:
        | time left  | days |
        | 90 days    | 90   |
        | 89 days    | 89   |
        | 1 day      | 1    |
        | 1 hour     | 0    |
        | 1 second   | 0    |

    Scenario Outline: The days that are left are the same in any time zone
      Given her card expires in <time left>
      And her computer goes by the local time of <zone>
      When Alice signs in
      Then she is notified that <days> days are left

      Examples:
        | time left | zone               | days |
        | 90 days   | Pacific/Kiritimati | 90   |
        | 90 days   | Pacific/Pago_Pago  | 90   |
        | 1 day     | Pacific/Kiritimati | 1    |
        | 1 second  | Pacific/Kiritimati | 0    |

    Scenario Outline: An hour that the clocks skip or repeat takes and gives no day
      Given her card expires in <time left>
      And summer time <turns> at this moment
      When Alice signs in
      Then she is notified that <days> days are left

      Examples:
        | time left | turns  | days |
        | 90 days   | begins | 90   |
        | 90 days   | ends   | 90   |
        | 1 day     | begins | 1    |
        | 1 day     | ends   | 1    |

    Scenario: The notice names the address of the renewal service
      Given her card expires in 30 days
      When Alice signs in
      Then the notice gives the address of the renewal service

    Scenario: The notice asks whether to renew
      Given her card expires in 30 days
      When Alice signs in
      Then the notice asks "Your smartcard's certificates expire in 30 days, on 02 March 2027. Do you want to renew them now?"

    Scenario: 'No' shows the address to copy
      Given her card expires in 30 days
      And Alice is signed in
      When Alice answers the notice with "No"
      Then she is shown the address of the renewal service to copy

    Scenario: 'No' lets work go on
      Given her card expires in 30 days
      And Alice is signed in
      When Alice answers the notice with "No"
      Then the Spine still accepts her ticket

    Scenario: After 'No' the next sign-in brings the notice again
      Given her card expires in 30 days
      And Alice is signed in
      And Alice answered the notice with "No"
      When Alice signs in
      Then she is notified that 30 days are left

  Rule: Outside the 90 days there is no notice

    Scenario Outline: No notice comes before the window opens
      Given her card expires in <time left>
      When Alice signs in
      Then she gets no notice

      Examples:
        | time left    |
        | 91 days      |
        | 90 days and 1 second |

    Scenario Outline: An expired card no longer signs in
      Given her card expired <time> ago
      When Alice tries to sign in
      Then the sign-in is refused because the certificate is expired

      Examples:
        | time     |
        | 1 second |
        | 1 day    |

  @browser
  Rule: 'Yes' opens the renewal service, and so does the link that 'No' gives

    Background:
      Given her card expires in 30 days
      And Alice is signed in at her desktop

    Scenario: 'Yes' opens the service in the browser
      When Alice answers the notice at her desktop with "Yes"
      Then exactly the address of the renewal service opens in her browser
      And she sees "Select service"

    Scenario: 'No' opens nothing and shows the link
      When Alice answers the notice at her desktop with "No"
      Then her desktop shows the address of the renewal service to copy
      And no browser opens

    Scenario: The link that 'No' gives opens the service
      Given Alice answered the notice at her desktop with "No"
      When Alice copies the link that her desktop shows into her browser
      Then she sees "Select service"
