@browser
Feature: The message of success
  The words are the document's, and after them comes what the holder has to do next.
  Encodes: "When it completes you will receive the message 'Success: certificate renewed for
  smartcard'."

  Background:
    Given Alice holds a smartcard with 30 days left
    And Alice is signed in at her desktop

  Scenario: The page tells of success in the document's words
    When Alice renews her card on the page
    Then she sees "Success: certificate renewed for smartcard"
    And the page names the new certificates of her card

  Scenario: The page says to log out and back in
    When Alice renews her card on the page
    Then the page says "Log out by removing your smartcard."
    And the page says "Log back in to confirm that you can access the Spine."

  Scenario: The message is still there when the page is loaded again
    Given Alice has renewed her card on the page
    When Alice loads the page again
    Then she sees "Success: certificate renewed for smartcard"
