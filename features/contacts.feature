@browser
Feature: Useful contacts
  Whom to call is on every page, from the configuration, so that nobody has to look for it.
  Encodes: "IT: Phone - ext 5499 or you can log a job via the Service Desk Icon on your desktop as
  pictured below."

  Background:
    Given Alice holds a smartcard with 30 days left

  Scenario Outline: The page of the service names each contact
    Given Alice is signed in at her desktop
    When Alice opens the service in her browser
    Then the page gives "<reached>" as the contact "<contact>"

    Examples:
      | contact                | reached                                                          |
      | IT                     | ext 5499, or log a job via the Service Desk icon on your desktop |
      | Registration Authority | the RA office                                                    |
      | Recruitment            | ext 4666, recruitment@rlbuht.nhs.uk                              |
      | Workforce              | ext 2462, workforce@rlbuht.nhs.uk                                |

  Scenario Outline: Who cannot get in is given the same contacts
    Given the smartcard software does not run on her computer
    When Alice opens the service in her browser
    Then the page gives "<reached>" as the contact "<contact>"

    Examples:
      | contact                | reached                                                          |
      | IT                     | ext 5499, or log a job via the Service Desk icon on your desktop |
      | Registration Authority | the RA office                                                    |
      | Recruitment            | ext 4666, recruitment@rlbuht.nhs.uk                              |
      | Workforce              | ext 2462, workforce@rlbuht.nhs.uk                                |
