# SPDX-License-Identifier: Apache-2.0
"""The steps of the features, one module a noun: for pytest-bdd projects of any kind.

`pytest_plugins = ["selfrenew_steps"]` in a project's conftest brings those of card, holder,
renewal, sign-in and CA, which need the extra `bdd`. Those of the page are named one by one.
"""

pytest_plugins = [
    "selfrenew_steps.stage",
    "selfrenew_steps.holder",
    "selfrenew_steps.card",
    "selfrenew_steps.renewal",
    "selfrenew_steps.sign_in",
    "selfrenew_steps.passcode",
    "selfrenew_steps.certificate_authority",
    "selfrenew_steps.trouble",
]
