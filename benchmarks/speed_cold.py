"""Start-up: a question to a small corpus, each time in a fresh process.

The corpus is ``seeds/``, indexed beforehand; peers have the very texts that pincite embeds of it. pincite is
its real command line, a peer prints the text nearest to the question, without an LLM. All take turns in each
round, another first each time; a round before them, which finds the disk cold, does not count.
"""

import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from speed_figures import Row, spread, times, turns
from speed_peers import PEERS, ROOT
from speed_processes import Finished, finished, peer_environment

SEEDS = ROOT / "seeds"
QUESTION = "which bank built 30 internal tools?"
SEARCH = "pincite search"
FOUND = "OCBC"
"""A word of the answer, and of the passage that has it."""
FOUND_AT = "open-source-ai-race.txt › Group 2"
"""Where that passage is, of which ``pincite search`` prints no more than the beginning."""

Runs = dict[str, list[Finished]]
"""The rounds of each contender."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A command that is timed, and a word that it must print."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    expected: str = FOUND

    def run(self) -> Finished:
        """Run it once. Exits where it does not print what it must."""
        done = finished(self.command, self.environment)
        if self.expected not in done.output:
            sys.exit(f"{self.name} printed no {self.expected}:\n{done.output}")
        return done


def contenders(folder: Path) -> list[Contender]:
    """Return pincite's commands and its peers, having indexed ``seeds/`` for each in ``folder``."""
    corpus, texts = folder / "seeds", folder / "seeds.json"
    pincite = (sys.executable, "-m", "pincite")
    finished([*pincite, "index", str(SEEDS), "--corpus", str(corpus)], os.environ)
    script = Path(__file__).with_name("speed_pincite.py")
    finished([sys.executable, str(script), "texts", str(SEEDS), str(texts)], os.environ)
    place = ("--corpus", str(corpus))
    found = [
        Contender("pincite --help", (*pincite, "--help"), os.environ, "search"),
        Contender(SEARCH, (*pincite, "search", QUESTION, *place), os.environ, FOUND_AT),
        Contender("pincite ask", (*pincite, "ask", QUESTION, *place), os.environ),
    ]
    for peer in PEERS:
        kept = folder / f"seeds-{peer.script}"
        finished(peer.command("index", texts, kept), peer_environment())
        found.append(Contender(peer.name, peer.command("search", kept, QUESTION), peer_environment()))
    return found


def measure(folder: Path, rounds: int) -> Runs:
    """Return what each contender took in each round."""
    taking_turns = contenders(folder)
    runs: Runs = {one.name: [] for one in taking_turns}
    for number in range(rounds + 1):
        for one in turns(taking_turns, number):
            done = one.run()
            print(f"{one.name}: {done.seconds:.2f} s", file=sys.stderr, flush=True)
            if number:
                runs[one.name].append(done)
    return runs


def rows(runs: Runs) -> list[Row]:
    """Return the table's rows; all are set against ``pincite search``."""
    ours = runs[SEARCH]
    return [
        Row(
            f"cold start, seconds, median (least–most) of {len(ours)}",
            name,
            spread([run.seconds for run in found], 2),
            times([run.seconds for run in found], [run.seconds for run in ours]),
            times([run.cpu_seconds for run in found], [run.cpu_seconds for run in ours]),
            statistics.median(run.peak_rss_mb for run in found),
        )
        for name, found in runs.items()
    ]
