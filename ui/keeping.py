"""The commands that look after a corpus: what it holds, whether it and the evidence kept from it are sound,
its encoder and its backup.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pincite.ui.arguments import (
    EncoderOption,
    Json,
    Location,
    PrecisionOption,
    check_precision,
    open_corpus,
)
from pincite.ui.terminal import progress_bar

if TYPE_CHECKING:
    from pincite.answers import Answer
    from pincite.index.corpus import Corpus


def list_documents(corpus: Location = ".pincite", json: Json = False) -> None:
    """List the corpus's documents."""
    from pincite.ui.printing import print_documents, print_json

    with open_corpus(corpus) as opened:
        documents = opened.documents()
    print_json(documents) if json else print_documents(documents)


def remove(source: str, corpus: Location = ".pincite", json: Json = False) -> None:
    """Remove a file from the corpus, by its source or the last parts of it."""
    from pincite.ui.printing import print_json, say

    with open_corpus(corpus) as opened:
        receipt = opened.remove(source)
    print_json(receipt) if json else say(f"removed {receipt.source}")


def stats(corpus: Location = ".pincite", json: Json = False) -> None:
    """Print the corpus's size and encoder."""
    from pincite.ui.printing import print_json, print_stats

    with open_corpus(corpus) as opened:
        figures = opened.stats()
    print_json(figures) if json else print_stats(figures)


def verify(corpus: Location = ".pincite", json: Json = False) -> None:
    """Check everything the corpus promises; exit code 1 if something is wrong."""
    from pincite.ui.printing import print_json, say

    with open_corpus(corpus) as opened:
        findings = opened.verify()
    if json:
        print_json(findings)
    else:
        for finding in findings:
            print(finding)
        say(f"{len(findings)} findings" if findings else "sound")
    if findings:
        raise typer.Exit(1)


def verify_bundle(
    file: Annotated[Path, typer.Argument(help="A file that `pincite ask --bundle` or the page wrote.")],
    corpus: Location = ".pincite",
    json: Json = False,
) -> None:
    """Check an evidence bundle against the corpus; exit code 1 if something is wrong."""
    from pincite.bundle_format import Bundle
    from pincite.bundles import verify_bundle as check
    from pincite.ui.printing import print_json, say, visible

    bundle = Bundle.read(file)
    with open_corpus(corpus) as opened:
        report = check(bundle, opened)
    if json:
        print_json(report)
    else:
        for finding in report.findings:
            print(visible(" ".join(finding.split())))
        for note in report.notes:
            say(f"note: {' '.join(note.split())}")
        say(report.summary)
    if report.findings:
        raise typer.Exit(1)


@contextmanager
def bundled(
    answers: "Sequence[Answer]", corpus: "Corpus", file: Path | None, overwrite: bool
) -> Iterator[None]:
    """Write the evidence for what ``answers`` holds at the end to ``file``, if one is named, also after an
    interrupt; refuse a file that is taken at the beginning, before anything is asked.
    """
    if file is None:
        yield
        return
    from pincite.bundles import bundle
    from pincite.index.new_files import refuse_taken
    from pincite.ui.printing import say

    refuse_taken(file, overwrite)
    try:
        yield
    finally:
        if answers:
            bundle(answers, corpus).write(file, overwrite=overwrite)
            say(f"wrote the evidence to {file}")


def reencode(
    encoder: EncoderOption = None,
    precision: PrecisionOption = None,
    corpus: Location = ".pincite",
) -> None:
    """Encode the stored texts again with another encoder, or in another precision; the old vectors serve
    until all are done.
    """
    from pincite.ui.printing import say

    if encoder is None and precision is None:
        raise typer.BadParameter("give another --encoder or --precision")
    check_precision(precision)
    with open_corpus(corpus) as opened, progress_bar() as progress:
        opened.reencode(encoder or opened.stats().encoder.name, precision=precision, progress=progress)
        made = opened.stats().encoder
    say(f"encoded with {made.name} in {made.precision}")


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    corpus: Location = ".pincite",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
    json: Json = False,
) -> None:
    """Write the corpus to one file, while others may go on writing to the corpus."""
    from pincite.ui.printing import print_json, say

    with open_corpus(corpus) as opened:
        written = opened.backup(file, overwrite=overwrite)
    print_json(written) if json else say(f"wrote {written.documents} documents to {written.file}")


def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="A corpus: a folder, or milvus://…")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Another, made where there is none.")],
    json: Json = False,
) -> None:
    """Copy a corpus to another place, a folder or a server, without encoding anything again; a copy that was
    broken off goes on where it stopped. Exit code 1 if a file could not be copied.
    """
    from pincite.ui.printing import print_json, say, visible

    with open_corpus(source) as opened, progress_bar() as progress:
        receipts = opened.copy(target, progress=progress)
    counts = Counter(receipt.status for receipt in receipts)
    there, failed = counts["unchanged"], [one for one in receipts if one.status == "failed"]
    if json:
        print_json(receipts)
    else:
        for receipt in failed:
            print(visible(f"failed: {receipt.source}: {receipt.reason}"))
        copied = len(receipts) - there - len(failed)
        say(f"copied {copied:,} files to {target}" + (f"; {there:,} were there" if there else ""))
    if failed:
        raise typer.Exit(1)


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `pincite backup` wrote.")],
    corpus: Location = ".pincite",
    json: Json = False,
) -> None:
    """Make a corpus of a backup, in a folder that is absent or empty."""
    from pincite.index.corpus import Corpus
    from pincite.ui.printing import print_json, say

    with Corpus.restore(file, corpus) as opened:
        figures = opened.stats()
    print_json(figures) if json else say(f"restored {figures.documents} documents to {figures.location}")
