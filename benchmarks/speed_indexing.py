"""Indexing: abstracts of SciFact, as files for pincite, and for its peers the very texts that it embeds.

pincite reads the files, splits, encodes and stores them in a new corpus; a peer encodes the texts and puts
them into an index in memory. All use the same weights, pincite's products in integers and once in float32 as
the peers' are, and load them before the clock starts. The abstracts are dealt into as many parts as there are
rounds; in each, all take turns at its part in fresh processes, another first each time.
"""

import json
import os
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from speed_figures import OWN, Row, spread, times, turns
from speed_peers import PEERS
from speed_processes import finished, peer_environment

SCRIPT = Path(__file__).with_name("speed_pincite.py")


@dataclass(frozen=True, slots=True)
class Indexed:
    """One part indexed by one contender: its size, the seconds of the work, and the whole process. Tokens are
    counted without the two that every text is put between.
    """

    by: str
    part: int
    passages: int
    tokens: int
    seconds: float
    cpu_seconds: float
    whole_seconds: float
    whole_cpu_seconds: float
    peak_rss_mb: float


def measure(data: Path, folder: Path, abstracts: int | None, rounds: int) -> list[Indexed]:
    """Return what each contender took for each part of so many abstracts; None: all."""
    most = [] if abstracts is None else ["--abstracts", str(abstracts)]
    command = ["parts", str(data), str(folder), "--parts", str(rounds), *most]
    finished([sys.executable, str(SCRIPT), *command], os.environ)
    found = []
    for part in range(rounds):
        for one in _taking_turns(folder / f"part-{part}", part):
            speed = f"{one.passages} passages in {one.seconds:.1f} s"
            print(f"{one.by}, part {part + 1}: {speed}", file=sys.stderr, flush=True)
            found.append(one)
    return found


def rows(found: Sequence[Indexed]) -> list[Row]:
    """Return the table's rows: passages and tokens a second, and times by pincite's for the same part."""
    runs: dict[str, list[Indexed]] = {}
    for one in found:
        runs.setdefault(one.by, []).append(one)
    ours = runs[OWN]
    passages = sum(one.passages for one in ours)
    return [
        Row(
            f"indexing {passages:,} passages, passages/s, median (least–most) of {len(ours)}; tokens/s",
            name,
            f"{spread([one.passages / one.seconds for one in done], 1)};"
            f" {statistics.median(one.tokens / one.seconds for one in done):,.0f}",
            times([one.seconds for one in done], [one.seconds for one in ours]),
            times([one.cpu_seconds for one in done], [one.cpu_seconds for one in ours]),
            max(one.peak_rss_mb for one in done),
        )
        for name, done in runs.items()
    ]


def _taking_turns(folder: Path, part: int) -> Iterable[Indexed]:
    size = json.loads((folder / "size.json").read_text(encoding="utf-8"))
    commands = []
    for name, precision in ((OWN, "int8"), (f"{OWN}, float32", "float32")):
        corpus = str(folder / f"corpus-{precision}")
        command = [sys.executable, str(SCRIPT), "index", str(folder / "files"), corpus, precision]
        commands.append((name, command, dict(os.environ)))
    for peer in PEERS:
        command = peer.command("index", folder / "texts.json", folder / peer.script)
        commands.append((peer.name, command, peer_environment()))
    for name, command, environment in turns(commands, part):
        done = finished(command, environment)
        told = json.loads(done.output.splitlines()[-1])
        if told["texts"] < size["passages"]:  # pincite stores a text again, unencoded, that two files have
            sys.exit(f"{name} indexed {told['texts']} of {size['passages']} texts")
        yield Indexed(
            name,
            part,
            size["passages"],
            size["tokens"],
            told["seconds"],
            told["cpu_seconds"],
            done.seconds,
            done.cpu_seconds,
            done.peak_rss_mb,
        )


def figures(found: Sequence[Indexed]) -> list[dict[str, object]]:
    """Return every single run, for the JSON."""
    return [asdict(one) for one in found]
