"""Steps that are made in a thread of their own, and stopped."""

from collections.abc import Generator
from threading import Event

import pytest

from pincite.ui.background import until_stopped


def counting(closed: Event, go: Event | None = None) -> Generator[int, None, None]:
    try:
        for number in range(5):
            if number == 2 and go is not None:
                assert go.wait(10)
            yield number
    finally:
        closed.set()


def test_all_steps_come_in_order_and_nothing_is_left_open() -> None:
    closed = Event()
    assert list(until_stopped(counting(closed), Event())) == [0, 1, 2, 3, 4]
    assert closed.wait(10)


def test_it_ends_at_once_when_stopped_and_the_steps_are_closed_at_their_next() -> None:
    closed, go, stopped = Event(), Event(), Event()
    steps = until_stopped(counting(closed, go), stopped)
    assert [next(steps), next(steps)] == [0, 1]
    stopped.set()
    assert list(steps) == []
    assert not closed.is_set()
    go.set()
    assert closed.wait(10)


def test_it_is_stopped_when_nobody_looks_on() -> None:
    closed, stopped = Event(), Event()
    steps = until_stopped(counting(closed), stopped)
    assert next(steps) == 0
    steps.close()  # type: ignore[attr-defined]
    assert stopped.is_set()
    assert closed.wait(10)


def test_what_goes_wrong_is_raised_where_it_is_looked_at() -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        raise KeyError("here")

    steps = until_stopped(failing(), Event())
    assert next(steps) == 1
    with pytest.raises(KeyError, match="here"):
        next(steps)
