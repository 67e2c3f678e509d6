# SPDX-License-Identifier: Apache-2.0
"""What all tests share: the steps of the features, and the stage they are run on."""

pytest_plugins = [
    "steps.stage",
    "steps.holder",
    "steps.card",
    "steps.renewal",
    "steps.sign_in",
    "steps.passcode",
    "steps.certificate_authority",
]
