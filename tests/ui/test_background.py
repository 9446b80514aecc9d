"""Steps that are made in a thread of their own, and stopped; and those that give way to what is urgent."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event, Thread

import pytest

from pincite.ui import background
from pincite.ui.background import Precedence, until_stopped


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


def test_what_is_under_way_has_its_bounds_and_more_waits_for_room() -> None:
    go, stopped = Event(), Event()
    running = [until_stopped(counting(Event(), go), Event()) for _ in range(background.MOST_RUNNING)]
    for steps in running:
        assert [next(steps), next(steps)] == [0, 1]
    with ThreadPoolExecutor(2) as pool:
        given_up = pool.submit(list, until_stopped(counting(Event()), stopped))
        waiting = pool.submit(list, until_stopped(counting(Event()), Event()))
        assert not wait([given_up, waiting], timeout=0.2).done
        stopped.set()
        assert given_up.result(10) == []
        assert not waiting.done()
        go.set()
        assert waiting.result(10) == [0, 1, 2, 3, 4]
    assert [list(steps) for steps in running] == [[2, 3, 4]] * background.MOST_RUNNING


def test_what_goes_wrong_is_raised_where_it_is_looked_at() -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        raise KeyError("here")

    steps = until_stopped(failing(), Event())
    assert next(steps) == 1
    with pytest.raises(KeyError, match="here"):
        next(steps)


def test_what_can_wait_waits_until_nothing_urgent_is_left() -> None:
    precedence, begun, done = Precedence(), Event(), list[str]()

    def wait() -> None:
        give_way = precedence.giving_way(quiet_seconds=0, most_seconds=60)
        begun.set()
        give_way()
        done.append("what can wait")

    waiting = Thread(target=wait)
    with precedence.urgent():
        with precedence.urgent():
            waiting.start()
            assert begun.wait(10)
            done.append("first")
        done.append("second")
    waiting.join(10)
    assert done == ["first", "second", "what can wait"]


def test_nothing_waits_for_ever_nor_where_nothing_is_urgent() -> None:
    precedence = Precedence()
    precedence.giving_way(quiet_seconds=0, most_seconds=60)()
    with precedence.urgent():
        precedence.giving_way(quiet_seconds=60, most_seconds=0)()


def test_a_moment_of_quiet_counts_from_the_last_urgent_end(monkeypatch: pytest.MonkeyPatch) -> None:
    waited, now = list[float](), [100.0]

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        now[0] += seconds
        return False

    monkeypatch.setattr("pincite.ui.background.time.monotonic", lambda: now[0])
    precedence = Precedence()
    monkeypatch.setattr(precedence._changed, "wait", wait)
    give_way = precedence.giving_way(quiet_seconds=2, most_seconds=10)
    give_way()
    give_way()
    with precedence.urgent():
        now[0] += 1
    now[0] += 0.5
    give_way()
    assert waited == [2, 1.5]
