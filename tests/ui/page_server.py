"""A program for the page's tests: serves a corpus, notes what it connects to, and fails where it is told to.

    python page_server.py CORPUS JOURNAL [HOST [USER:PASSWORD [LLM]]]

It prints the page's address when it is ready; JOURNAL gets a line per event, ``connect HOST`` or
``asked QUESTION``. It is a program of its own because gradio leaves event loops unclosed, which the tests'
own process takes for an error. The question ``!wait`` waits for a line of input; ``!damaged``, ``!wrong`` and
``!broken`` raise an error of ours, a wrong argument and one that nobody foresaw.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pincite.answering import ask, stream
from pincite.answers import Answer
from pincite.index.corpus import Corpus
from pincite.index.errors import CorpusDamaged
from pincite.ui import chat, desk, endpoints
from pincite.ui.access import Access

FAULTS: dict[str, Exception] = {
    "!damaged": CorpusDamaged("it is <b>torn</b>"),
    "!wrong": ValueError("it is <b>wrong</b>"),
    "!broken": RuntimeError("a secret detail"),
}


def main(
    location: str, journal: str, host: str = "127.0.0.1", account: str = "", llm: str | None = None
) -> None:
    """Serve until interrupted; an ``account`` of "" is none."""
    access = Access.of([account] if account else [])
    with Path(journal).open("a", encoding="utf-8", buffering=1) as lines:

        def note(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "socket.connect" and isinstance(arguments[1], tuple):
                lines.write(f"connect {arguments[1][0]}\n")
            elif event == "socket.getaddrinfo":
                lines.write(f"connect {arguments[0]}\n")

        sys.addaudithook(lambda event, arguments: None if lines.closed else note(event, arguments))

        def faulty_stream(question: str, *arguments: Any, **options: Any) -> Iterator[str | Answer]:
            lines.write(f"asked {question}\n")
            if question in FAULTS:
                raise FAULTS[question]
            if question == "!wait":
                sys.stdin.readline()
            yield from stream(question, *arguments, **options)

        with (
            patch.object(desk, "stream", faulty_stream),
            patch.object(endpoints, "ask", _faulty_ask),
            Corpus.open(location, create=False) as corpus,
        ):
            chat.serve(corpus, host=host, port=0, access=access, llm=llm, on_ready=_say)


def _faulty_ask(question: str, *arguments: Any, **options: Any) -> Answer:
    if question in FAULTS:
        raise FAULTS[question]
    return ask(question, *arguments, **options)


def _say(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
