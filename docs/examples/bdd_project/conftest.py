# SPDX-License-Identifier: Apache-2.0
"""The steps that come with the package, and one of this project's own."""

import pytest
from pytest_bdd import given, parsers, then

pytest_plugins = ["selfrenew_steps"]


@pytest.fixture
def register():
    """The program under test: the ward's list of who may sign."""
    return {}


@given("the ward's register has Alice's card")
def register_has(register, alice, held):
    register[alice.name] = held.handed_out.certificates["signing"]


@given(parsers.parse('the fault "{order}" is armed'))
def is_armed(stage, selfrenew_faults, order):
    selfrenew_faults.arm(order)


@then(parsers.parse('the fault "{name}" struck'))
def struck(selfrenew_faults, name):
    assert name in selfrenew_faults.history


@then(parsers.parse("the ward's register is out of date by {count:d} card"))
def register_is_out_of_date(register, stage, count):
    states = [stage.ca.status_of(each).state.value for each in register.values()]
    assert states.count("superseded") == count
