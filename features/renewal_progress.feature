@browser
Feature: The window that shows a renewal
  Who sees what is being done, and how long it will take, does not pull the card out.
  Encodes: "A window will then appear showing the smartcard renewal process – this takes around
  three minutes."

  Background:
    Given Alice holds a smartcard with 30 days left
    And Alice is signed in at her desktop

  Scenario: The window names the step at work and says not to remove the card
    Given her card takes its time to make a key
    When the renewal on the page comes to "Making the new key for signatures"
    Then she sees "Renewing your certificates"
    And the page shows "Making the new key for signatures" in progress
    And the page says "Do not remove your smartcard."
    And the page says "left"

  Scenario: The window is there again when the page is loaded again
    Given her card takes its time to make a key
    And the renewal on the page has come to "Making the new key for signatures"
    When Alice loads the page again
    Then the page shows "Making the new key for signatures" in progress

  Scenario: The renewal goes on to its end
    Given her card takes its time to make a key
    And the renewal on the page has come to "Making the new key for signatures"
    When her card goes on
    Then she sees "Success: certificate renewed for smartcard"
    And both certificates on her card are new, longer valid and hers

  Scenario: A card that is taken out in the middle is told what to do
    Given the CA takes its time to answer
    And the renewal on the page has come to "Getting the new certificate for signatures"
    When she takes her card out in the middle of that
    Then she sees "It could not be completed"
    And the page says "renew again"

  Scenario: Smartcard software that is ended in the middle says what to do
    Given her card takes its time to make a key
    And the renewal on the page has come to "Making the new key for signatures"
    When the smartcard software is ended in the middle of that
    Then she sees "It could not be completed"
    And the page says "Start the smartcard program again, and then what was under way."
