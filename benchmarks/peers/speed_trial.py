"""What the scripts that ``speed.py`` times do alike: the two commands that they take, and what they print.

    python speed_NAME.py index TEXTS FOLDER       # index a JSON list of texts, timed, and keep the index
    python speed_NAME.py search FOLDER QUESTION   # open that index in a fresh process, print the nearest text

Runs in the peer's environment, where pincite is not. The encoder is loaded before the clock starts, and one
other text is indexed, so that nothing is done for the first time; keeping the index is not in the time.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

Keep = Callable[[Path], None]
"""Writes an index that was made into a folder."""

Index = Callable[[list[str]], Keep]
"""Makes a new index of texts, in memory."""

FIRST = "Twelve lamps burnt in the harbour that night."


def run(description: str | None, load: Callable[[], Index], search: Callable[[Path, str], str]) -> None:
    """Do what the command line says. ``load`` loads the encoder, ``search`` returns the text nearest to a
    question from the index that is kept in a folder.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    indexing = commands.add_parser("index")
    indexing.add_argument("texts", type=Path)
    indexing.add_argument("folder", type=Path)
    searching = commands.add_parser("search")
    searching.add_argument("folder", type=Path)
    searching.add_argument("question")
    options = parser.parse_args()
    if options.command == "search":
        print(search(options.folder, options.question))
        return
    texts = json.loads(options.texts.read_text(encoding="utf-8"))
    index = load()
    index([FIRST])
    started, cpu_started = time.perf_counter(), time.process_time()
    keep = index(texts)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    options.folder.mkdir(parents=True, exist_ok=True)
    keep(options.folder)
    print(json.dumps({"texts": len(texts), "seconds": seconds, "cpu_seconds": cpu_seconds}))
