# SPDX-License-Identifier: Apache-2.0
"""The marker `selfrenew_fault`: a fault that strikes in one test, or the test has shown nothing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from selfrenew_emulator.faults import ArmedFault, FaultBoard

MARKER = "selfrenew_fault"
_FIXTURE = "Ask for a fixture that has one, such as {}."
_LINE = (
    "Have your program ask the services through selfrenew_faults.before_services(transport, "
    "service_of)."
)
_REMEDIES = {
    "management": _LINE,
    "network": _LINE,
    "portal": _FIXTURE.format("selfrenew_portal"),
    "spine": _LINE,
}
_BOARD = pytest.StashKey["FaultBoard"]()
_MARKED = pytest.StashKey[tuple["ArmedFault", ...]]()


@pytest.fixture
def selfrenew_faults(request: pytest.FixtureRequest) -> "Iterator[FaultBoard]":
    """Give the board on which faults are armed, and which tells how often each struck.

    Default: what the test's markers name.
    """
    from selfrenew_emulator.faults import FaultBoard  # noqa: PLC0415

    board = request.node.stash.setdefault(_BOARD, FaultBoard())
    yield board
    board.put_right()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Arm what a test's markers name; a test with an order that cannot be played fails."""
    # A test that is run again begins without what it had armed before.
    if _BOARD in item.stash:
        del item.stash[_BOARD]
    if _MARKED in item.stash:
        del item.stash[_MARKED]
    for mark in item.iter_markers():
        if mark.name.startswith(f"{MARKER}("):
            pytest.fail(
                f"The tag '{mark.name}' arms nothing, as a tag takes no order. Put the marker "
                "before a function with @scenario, or arm the fault in a step.",
                pytrace=False,
            )
    orders = [_order(mark) for mark in item.iter_markers(MARKER)]
    if not orders:
        return
    from selfrenew_emulator.faults import FaultBoard, FaultError  # noqa: PLC0415

    board = FaultBoard()
    failed = ""
    try:
        marked = tuple(board.arm(order) for order in orders)
    except FaultError as error:
        failed = str(error)
    if failed:
        pytest.fail(failed, pytrace=False)
    item.stash[_BOARD], item.stash[_MARKED] = board, marked


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test that passed without its fault."""
    yield
    board = item.stash.get(_BOARD, None)
    for armed in item.stash.get(_MARKED, ()):
        target = armed.order.fault.target
        if board is None or target not in board.attached:
            remedy = _REMEDIES.get(target.value, _FIXTURE.format("selfrenew_stage"))
            pytest.fail(
                f"The fault '{armed.order}' had no {target.value} to strike. {remedy}",
                pytrace=False,
            )
        if not armed.strikes:
            pytest.fail(
                f"The fault '{armed.order}' never struck: what it waits for did not happen in "
                "this test.",
                pytrace=False,
            )


def _order(mark: pytest.Mark) -> str:
    if len(mark.args) != 1 or mark.kwargs or not isinstance(mark.args[0], str):
        pytest.fail(
            f"The marker {MARKER} takes one order, such as "
            f'@pytest.mark.{MARKER}("card.removed:after=GENERATE,slot=9c").',
            pytrace=False,
        )
    return mark.args[0]
