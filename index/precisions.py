"""Which precision new vectors have: the one that is quicker on this machine's processor.

Integers are up to twice as fast where the processor is good at them, and slower than float32 where it is not,
as for very small models. So both are timed once, and the choice is remembered, for this processor, beside the
converted model. A corpus keeps the precision that it was made with, wherever it is opened.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pincite.index.encoder_files import FLOAT32, INT8

if TYPE_CHECKING:
    from pincite.index.encoder import Encoder

E = TypeVar("E", bound="Encoder")

LEAST_GAIN = 1.2
"""How many times as fast integers have to be, for what they cost in exactness."""
_NOTE = "precision.json"
_TRIED_WITH = ("The quick brown fox jumps over the lazy dog near the old river bank. " * 8,) * 2
_ROUNDS = 5


def remembered_precision(folder: Path) -> str | None:
    """Return the precision chosen before for this processor; None where none was, or for another."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads((folder / _NOTE).read_text("utf-8"))
        if note["processor"] == _processor() and note["precision"] in (FLOAT32, INT8):
            return str(note["precision"])
    return None


def remember_precision(folder: Path, precision: str) -> None:
    """Keep a choice; where it cannot be kept it is made again."""
    with suppress(OSError):
        (folder / _NOTE).write_text(json.dumps({"processor": _processor(), "precision": precision}), "utf-8")


def quicker(exact: E, rounded: E) -> E:
    """Return ``rounded`` if it is faster by ``LEAST_GAIN``, else ``exact``: a self-test of half a second."""
    least = [math.inf, math.inf]
    for _ in range(_ROUNDS):
        for place, encoder in enumerate((exact, rounded)):
            started = time.perf_counter()
            encoder.encode(_TRIED_WITH)
            least[place] = min(least[place], time.perf_counter() - started)
    return rounded if least[0] >= LEAST_GAIN * least[1] else exact


def _processor() -> str:
    """Return what tells this processor from others: on Linux, what it can do."""
    described = f"{platform.machine()} {platform.processor()}"
    with suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
        wanted = ("flags", "features", "model name")
        lines = [line for line in file if line.lower().startswith(wanted)]
        described = " ".join([described, *sorted(set(lines))])
    return hashlib.sha256(described.encode()).hexdigest()[:16]
