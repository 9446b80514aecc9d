"""What the command line does at a terminal, and in a pipe: the prompt, the progress bar, error lines."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pincite.index.ingestion import Progress


def accept_any_characters() -> None:
    """Read and write what the terminal's encoding lacks as substitutes: no answer is lost to a character."""
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=errors)


def say_error(message: object) -> None:
    """Print an error as one line on standard error."""
    from pincite.ui.printing import visible

    print(f"pincite: {' '.join(visible(str(message)).split())}", file=sys.stderr)


def asked_questions() -> Iterator[str]:
    """Yield questions typed at a prompt, or piped in, one a line; empty lines are passed over."""
    if not sys.stdin.isatty():
        yield from (line.strip() for line in sys.stdin if line.strip())
        return
    while True:
        if not sys.stdout.isatty():
            print("? ", end="", file=sys.stderr, flush=True)
        try:
            question = input("? " if sys.stdout.isatty() else "").strip()
        except EOFError:
            return
        if question:
            yield question


@contextmanager
def progress_bar() -> "Iterator[Callable[[Progress], None] | None]":
    """Yield a callback that draws a bar of indexing on standard error, or none where that is not a
    terminal.
    """
    with _bar("indexing") as update:
        if update is None:
            yield None
            return

        def draw(step: "Progress") -> None:
            part = step.passages_done / step.passages_total if step.passages_total else 0.0
            name = step.source[-40:] + (
                f" p. {step.pages_done}/{step.pages_total}" if step.pages_total else ""
            )
            update(name, step.files_done + part, step.files_total)

        yield draw


@contextmanager
def question_bar() -> Iterator[Callable[[int, int], None] | None]:
    """Yield a callback for the numbers of questions done and of all, as ``progress_bar`` does for files."""
    with _bar("asking") as update:
        yield (
            None if update is None else lambda done, total: update(f"asking {done + 1}/{total}", done, total)
        )


@contextmanager
def _bar(name: str) -> Iterator[Callable[[str, float, int], None] | None]:
    """Yield a callback for a bar's name, what is done and the total, or none where there is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress as Bar

    from pincite.ui.printing import visible

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name)

        def update(description: str, done: float, total: int) -> None:
            bar.update(task, total=total, completed=done, description=escape(visible(description)))

        yield update
