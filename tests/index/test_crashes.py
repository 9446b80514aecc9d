"""A writer may be killed at any instant: what it acknowledged is there, whole, and nothing else."""

from __future__ import annotations

import os
import queue
import random
import signal
import statistics
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from .crash_scenarios import SCENARIOS, filled, opened
from .crash_site import VECTORS, CrashSite, Kill, Wreck, play, trace_play
from .zygote import Zygote, zygote

_SITES = 2


@dataclass(frozen=True, slots=True)
class Effort:
    """How many kills to try in a scenario; not ``every_step``: those before which a file had changed."""

    every_step: bool
    sizes: int
    instants: int


Crash = Callable[[str, Iterable[Kill]], list[Wreck]]

each_scenario = pytest.mark.parametrize("name", SCENARIOS)
each_effort = pytest.mark.parametrize(
    "effort",
    [
        pytest.param(Effort(False, 20, 25), id="brief"),
        pytest.param(Effort(True, 300, 250), id="thorough", marks=pytest.mark.crash),
    ],
)


@pytest.fixture(scope="module")
def sites() -> Iterator[list[CrashSite]]:
    """In memory, where there is a place for that: unlike a power cut, a kill loses nothing once written."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    with ExitStack() as running:
        folders = [Path(running.enter_context(TemporaryDirectory(dir=place))) for _ in range(_SITES)]
        yield [CrashSite(running.enter_context(zygote()), folder) for folder in folders]


@pytest.fixture(scope="module")
def crash(sites: list[CrashSite]) -> Crash:
    """Kills a scenario in each of the ways given, at several sites at once."""
    free: queue.SimpleQueue[CrashSite] = queue.SimpleQueue()
    for site in sites:
        free.put(site)

    def crash_once(name: str, kill: Kill) -> Wreck:
        site = free.get()
        try:
            return site.crash(name, kill)
        finally:
            free.put(site)

    def crash_all(name: str, kills: Iterable[Kill]) -> list[Wreck]:
        with ThreadPoolExecutor(len(sites)) as pool:
            return list(pool.map(lambda kill: crash_once(name, kill), kills))

    return crash_all


def problems(wrecks: Iterable[Wreck]) -> list[str]:
    return [str(wreck) for wreck in wrecks if wreck.problems]


@each_effort
@each_scenario
def test_a_writer_that_is_killed_at_any_step_loses_nothing(
    name: str, effort: Effort, sites: list[CrashSite], crash: Crash
) -> None:
    trace = sites[0].trace(name)
    assert trace.rewrites >= SCENARIOS[name].rewrites
    steps = range(len(trace.steps)) if effort.every_step else trace.distinct
    wrecks = crash(name, [Kill(step=n) for n in steps])
    assert problems(wrecks) == []
    assert {wreck.ending.signal for wreck in wrecks} == {signal.SIGKILL}
    assert [wreck.ending.told[-1] for wreck in wrecks] == [trace.steps[n] for n in steps]


@each_effort
@each_scenario
def test_a_writer_that_is_killed_in_the_middle_of_a_write_loses_nothing(
    name: str, effort: Effort, sites: list[CrashSite], crash: Crash
) -> None:
    largest = sites[0].trace(name).largest
    wrecks = crash(name, [Kill(size=n * largest // effort.sizes) for n in range(effort.sizes)])
    assert problems(wrecks) == []
    assert {wreck.ending.signal for wreck in wrecks} == {signal.SIGXFSZ}


@each_effort
@each_scenario
def test_a_writer_that_is_killed_at_a_random_instant_loses_nothing(
    name: str, effort: Effort, sites: list[CrashSite], crash: Crash
) -> None:
    longest = statistics.median(sites[0].seconds(name) for _ in range(5))
    instants = random.Random(name)
    kills = [Kill(seconds=instants.uniform(0, longest)) for _ in range(effort.instants)]
    assert problems(crash(name, kills)) == []


def test_any_next_change_clears_away_what_a_killed_writer_left(forks: Zygote, tmp_path: Path) -> None:
    for home in ("traced", "killed"):
        (tmp_path / home).mkdir()
        filled(tmp_path / home)
    clean = {file.name for file in (tmp_path / "killed" / "c").iterdir()}
    (trace,) = forks.run(trace_play, tmp_path / "traced", "add").told
    half = next(n for n, step in enumerate(trace.steps) if VECTORS in step and "half" in step)
    assert forks.run(play, tmp_path / "killed", "add", Kill(step=half)).signal == signal.SIGKILL
    with opened(tmp_path / "killed") as corpus:
        corpus.remove("new1")
    assert {file.name for file in (tmp_path / "killed" / "c").iterdir()} == clean
