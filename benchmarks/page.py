"""Measures the chat page of a corpus of 10,000 passages: how soon it is usable, how soon it answers, and what
twenty people at once wait.

    python benchmarks/page.py                        # makes the corpus first, which takes minutes
    python benchmarks/page.py --folder FOLDER        # makes it there, once, and keeps it

The corpus is ``towns``', with the default encoder. ``pincite ui`` is started in a fresh process, and a fresh
context of a Chromium that runs already opens the address as soon as it is printed. *Usable* is when a letter
that was typed is in the question's box; *answered* is when the question that was typed on from there has its
answer with a citation. An empty page of gradio's (``empty_page``) takes turns with it. Then ``page_users``
are at the page all at once. Prints tables and, with ``--out``, writes all figures as JSON. Nothing else
should run meanwhile: two cores make noise.
"""

import argparse
import asyncio
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from page_users import Tally, visit
from towns import TOWNS_PER_REGION, Fact, build, towns

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PASSAGES = 10_000
ROUNDS = 9
USERS = 20
SECONDS = 60.0
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
EMPTY, CHAT = "empty page", "chat page"
STAGES = ("listening", "usable", "answered")
_QUIET = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update"
)
_ADDRESS = "http://"
_MOST_MILLISECONDS = 60_000

Seconds = dict[str, list[float]]
"""The seconds of each round, by stage."""


def openings(corpus: Path, rounds: int) -> dict[str, Seconds]:
    """Open both pages in turns; the first round, which finds the disk cold, does not count."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        sys.exit(f"this benchmark needs one of {', '.join(CHROMIUM)} on the PATH")
    found: dict[str, Seconds] = {EMPTY: {}, CHAT: {}}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_QUIET.split())
        for number in range(rounds + 1):
            town = towns(number)[number % TOWNS_PER_REGION]
            fact = town.facts[number % len(town.facts)]
            for page, command, asked in ((EMPTY, empty(), None), (CHAT, ui(corpus), fact)):
                seconds = opening(browser, command, asked)
                print(
                    page,
                    {stage: round(one, 2) for stage, one in seconds.items()},
                    file=sys.stderr,
                    flush=True,
                )
                for stage, one in seconds.items() if number else ():
                    found[page].setdefault(stage, []).append(one)
        browser.close()
    return found


def opening(browser: "Browser", command: Sequence[str], fact: Fact | None) -> dict[str, float]:
    """Return the seconds from starting a server until it listens, its page is usable and, where it is asked
    for a fact, has answered.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    started = time.perf_counter()
    with served(command) as url:
        seconds = {"listening": time.perf_counter() - started}
        page.goto(url, wait_until="commit")
        box = page.get_by_role("textbox", name="Question", exact=True)
        text = "?" if fact is None else fact.question
        box.press_sequentially(text[0], timeout=_MOST_MILLISECONDS)
        assert box.input_value() == text[0]
        seconds["usable"] = time.perf_counter() - started
        if fact is not None:
            box.press_sequentially(text[1:])
            box.press("Enter")
            card = page.locator("#pc-conversation .pc-turn .pc-card")
            card.locator(".pc-citation .pc-address").first.wait_for(timeout=_MOST_MILLISECONDS)
            seconds["answered"] = time.perf_counter() - started
            assert fact.answer in card.locator(".pc-answer").inner_text()
        context.close()
    return seconds


def crowd(corpus: Path, users: int, seconds: float) -> Tally:
    """Return what users saw who were at the page all at once, each asking about regions of its own."""
    regions = 5
    facts = [
        chain.from_iterable(
            town.facts for region in range(regions) for town in towns(regions * (user + 1) + region)
        )
        for user in range(users)
    ]
    with served(ui(corpus)) as url:
        return asyncio.run(visit(url, facts, seconds))


@contextmanager
def served(command: Sequence[str]) -> Iterator[str]:
    """Run a server in a process of its own, and give its address, which it prints on either output."""
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout is not None
    with server:
        try:
            told = next(line for line in server.stdout if _ADDRESS in line)
            yield next(word for word in told.split() if word.startswith(_ADDRESS))
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=60)


def ui(corpus: Path) -> list[str]:
    """Return the command that serves the chat page."""
    return [sys.executable, "-m", "pincite", "ui", "--corpus", str(corpus), "--port", "0"]


def empty() -> list[str]:
    """Return the command that serves the empty page."""
    return [sys.executable, str(Path(__file__).with_name("empty_page.py"))]


def opening_table(found: Mapping[str, Seconds]) -> str:
    """Return medians, each with the least and the most, and how much later they are than an empty page."""
    rounds = len(found[EMPTY]["usable"])
    base = statistics.median(found[EMPTY]["usable"])
    lines = [
        f"| seconds, median (least–most) of {rounds} | {' | '.join(STAGES)} |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {page} | {' | '.join(_spread(seconds.get(stage)) for stage in STAGES)} |"
        for page, seconds in found.items()
    ]
    later = [statistics.median(found[CHAT][stage]) - base for stage in STAGES[1:]]
    ratios = [statistics.median(found[CHAT][stage]) / base for stage in STAGES[1:]]
    lines.append(f"| … later than an empty page is usable | | {' | '.join(f'{one:+.2f}' for one in later)} |")
    lines.append(f"| … times as long | | {' | '.join(f'{one:.2f}' for one in ratios)} |")
    return "\n".join(lines)


def crowd_table(tally: Tally, users: int, seconds: float) -> str:
    """Return what the users saw."""
    median, late = np.percentile(tally.seconds, [50, 95])
    lines = [f"| {users} users, {seconds:.0f} s | |", "| --- | ---: |"]
    lines.append(f"| questions, of which answered rightly | {len(tally.seconds):,}, {tally.right:,} |")
    lines.append(f"| errors | {len(tally.errors)} |")
    lines.append(
        f"| seconds a question, p50 / p95 / most | {median:.2f} / {late:.2f} / {max(tally.seconds):.2f} |"
    )
    return "\n".join(lines)


def _spread(seconds: Sequence[float] | None) -> str:
    if not seconds:
        return "–"
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="where to make the corpus, or find it, and leave it")
    parser.add_argument("--passages", type=int, default=PASSAGES)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of opening the pages; 0: none")
    parser.add_argument("--users", type=int, default=USERS, help="at once; 0: none")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long the users stay")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="pincite-bench-"))
    corpus = folder / f"towns-{options.passages}"
    build(corpus, options.passages)
    results: dict[str, object] = {}
    if options.rounds:
        found = openings(corpus, options.rounds)
        results["openings"] = found
        print(f"{opening_table(found)}\n")
    if options.users:
        tally = crowd(corpus, options.users, options.seconds)
        results["crowd"] = {"seconds": tally.seconds, "right": tally.right, "errors": tally.errors}
        print(crowd_table(tally, options.users, options.seconds))
        print("\n".join(tally.errors[:10]), file=sys.stderr)
    if options.out:
        options.out.write_text(json.dumps(results, indent=2))
    if not options.folder:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
