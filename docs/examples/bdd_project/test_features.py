# SPDX-License-Identifier: Apache-2.0
"""This project's features."""

from pytest_bdd import scenarios

scenarios("features")
