"""Warm latencies: what a call takes in a process that has its models loaded, on a corpus of made-up towns.

The measuring itself is ``speed_towns.py``'s, in one process; the corpus is made by another before, so that
the peak of memory has no part of it. The stages of an answer are measured each by itself: encoding the
question, searching, reading; then the whole of it, and the same once more.
"""

import json
import os
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

from speed_figures import OWN, Row, late
from speed_processes import finished

SCRIPT = Path(__file__).with_name("speed_towns.py")


@dataclass(frozen=True, slots=True)
class Warm:
    """The milliseconds of each call by stage. ``right`` of so many ``questions`` were answered rightly."""

    milliseconds: dict[str, list[float]]
    questions: int
    right: int
    passages: int
    peak_rss_mb: float


def measure(corpus: Path, passages: int, questions: int) -> Warm:
    """Return what the calls took, on the corpus of so many passages, which is made where there is none."""
    command = [sys.executable, str(SCRIPT), str(corpus), "--passages", str(passages)]
    print(
        f"making {passages:,} passages in {corpus}, or what is missing of them", file=sys.stderr, flush=True
    )
    finished(command, os.environ)
    done = finished([*command, "--questions", str(questions)], os.environ)
    told = json.loads(done.output)
    return Warm(told["milliseconds"], told["questions"], told["right"], passages, done.peak_rss_mb)


def rows(warm: Warm) -> list[Row]:
    """Return the table's rows, one for each stage; the memory is that of the process that ran them all."""
    measured = f"warm, {warm.passages:,} passages, ms, p50 / p95 of {warm.questions}"
    return [
        Row(
            measured,
            f"{OWN}: {stage}",
            f"{statistics.median(times):,.1f} / {late(times):,.1f}",
            peak_rss_mb=warm.peak_rss_mb,
        )
        for stage, times in warm.milliseconds.items()
    ]
