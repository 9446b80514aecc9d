"""How many cores this process may use, which in a container are fewer than the machine has."""

import math
import os
from contextlib import suppress
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> int:
    """Return the cores that this process is scheduled on, or as many as its group may use the time of."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = _QUOTA.read_text("ascii").split()  # "max 100000" without one
        cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(cores, 1)
