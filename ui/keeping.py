"""The commands that look after a corpus: what it holds, whether it is sound, its encoder and its backup."""

from pathlib import Path
from typing import Annotated

import typer

from pincite.ui.arguments import Json, Location, open_corpus
from pincite.ui.terminal import progress_bar


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


def reencode(
    encoder: Annotated[
        str, typer.Option("--encoder", metavar="NAME", help="The new encoder's name or folder.")
    ],
    corpus: Location = ".pincite",
) -> None:
    """Encode the stored texts again with another encoder; the old vectors serve until all are done."""
    from pincite.ui.printing import say

    with open_corpus(corpus) as opened, progress_bar() as progress:
        opened.reencode(encoder, progress=progress)
    say(f"encoded with {encoder}")


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
