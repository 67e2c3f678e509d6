@browser
Feature: A browser that the service does not work with
  Whoever opens the service in the wrong browser learns which ones work, and takes the link there.
  Encodes: "Ensure the URL is being launched in a compatible browser (see compatibility table
  above)."

  Background:
    Given Alice holds a smartcard with 30 days left

  Rule: What is wrong with a browser is told, with what to do

    Scenario Outline: A browser that cannot be used is told so
      When Alice opens the service in <browser>
      Then she sees "You have been logged out"
      And the page says "<cause>"
      And the page names the browsers that can be used
      And the page gives the link to copy

      Examples:
        | browser                        | cause                                          |
        | Internet Explorer 11           | This browser cannot be used for this service   |
        | Edge in Internet Explorer mode | This page was opened in Internet Explorer mode |
        | Chrome 80                      | This version is too old.                       |
        | Safari                         | It does not let a page reach the smartcard software |

    Scenario: The browser that opens by default may be one that cannot be used
      Given her default browser is Edge in Internet Explorer mode
      And Alice is signed in at her desktop
      When Alice answers the notice at her desktop with "Yes"
      Then exactly the address of the renewal service opens in her browser
      And the page says "This page was opened in Internet Explorer mode"

    Scenario: The link of that page opens the service in a browser that can be used
      Given Alice is signed in at her desktop
      And Alice opened the service in Internet Explorer 11
      When Alice copies the link of the page into her browser
      Then she sees "Select service"

  Rule: What was seen before instead of a cause can be had, for who has to cope with it

    Scenario: The service can be given the fault of a blank page
      Given the portal has the fault "portal.blank-page"
      When Alice opens the service in her browser
      Then the page is blank

    Scenario: The service can be given the fault of the bare message
      Given the portal has the fault "portal.logged-out"
      When Alice opens the service in her browser
      Then the page says nothing but "You have been logged out"
