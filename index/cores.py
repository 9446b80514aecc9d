"""The cores that this process may use, in a container fewer than the machine has, and work for them."""

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> int:
    """Return the cores that this process is scheduled on, or as many as its group may use the time of."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = _QUOTA.read_text("ascii").split()  # "max 100000" without one
        cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(cores, 1)


class SideBySide:
    """Calls a function for several things at once, in threads; a forked process begins with its own."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._process = 0
        self._pool: ThreadPoolExecutor | None = None

    def map(self, function: Callable[[T], R], things: Iterable[T]) -> Iterator[R]:
        """Return the results in the order of ``things``."""
        if self._pool is None or self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(self._most, self._name), os.getpid()
        return self._pool.map(function, things)
