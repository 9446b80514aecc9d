"""Runs a command in a process of its own, and tells what it took: time, memory, what it printed.

Linux counts the peak of a process from that of the one that started it. So what starts processes here must
be small: it imports the standard library and nothing else.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

QUIET = {
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}
"""For peers: no telemetry, and nothing is asked of a hub."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that has ended well. ``cpu_seconds`` is over all its threads, in user and in system mode."""

    seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    output: str

    @property
    def figures(self) -> dict[str, float]:
        """What was measured, without what was printed."""
        return {name: value for name, value in asdict(self).items() if name != "output"}


def finished(command: Sequence[str], environment: Mapping[str, str]) -> Finished:
    """Run a command to its end. Exits, with what it said, where it fails."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=said, env=dict(environment)
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{said.read().decode(errors='replace')}")
        output.seek(0)
        text = output.read().decode()
    return Finished(seconds, usage.ru_utime + usage.ru_stime, _megabytes(usage.ru_maxrss), text)


def peer_environment() -> dict[str, str]:
    """Return the environment that peers run in: this one, without pincite, and quiet."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | QUIET


def own_peak_rss_mb() -> float:
    """Return the peak of this process, below which no peak of another can be told."""
    return _megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _megabytes(maxrss: int) -> float:
    return maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
