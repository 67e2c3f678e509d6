Feature: Signing in again after the renewal
  Only a fresh sign-in with the new certificate shows that the renewal is worth anything.
  Encodes: "log out by removing your smartcard and then log back in to confirm you can access the
  Spine."

  Rule: The card goes out, and back in with the new certificate

    Background:
      Given Alice holds a smartcard with 30 days left
      And a copy of her card is kept
      And Alice is signed in
      And Alice has renewed her card

    Scenario: The old ticket is dead once the card was out
      When Alice takes her card out
      Then the Spine no longer accepts her ticket

    Scenario: The new certificate reaches the Spine
      Given Alice took her card out and put it back
      When Alice signs in
      Then the Spine vouches for her with the new authentication certificate

    Scenario: The notice is gone
      Given Alice took her card out and put it back
      When Alice signs in
      Then she gets no notice

    Scenario: The old certificate is refused
      Given the copy of her card is in the reader instead
      When Alice tries to sign in
      Then the sign-in is refused because the certificate is superseded

  @browser
  Rule: The page confirms that the new certificate reaches the Spine

    Background:
      Given Alice holds a smartcard with 30 days left
      And Alice is signed in at her desktop
      And Alice has renewed her card on the page

    Scenario: The page sees the card go out
      When Alice takes her card out
      Then the page says "Your smartcard is out. Put it back in the reader."
      And the Spine no longer accepts her ticket

    Scenario: The page sees her log back in
      When Alice takes her card out and signs in again at her desktop
      Then the page says that she is logged in to the Spine with her new certificate
      And the Spine vouches for her with the new authentication certificate
      And she gets no notice
