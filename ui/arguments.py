"""The options that several commands have, and the corpus that they name."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pincite.index.corpus import Corpus

Location = Annotated[
    str,
    typer.Option(
        "--corpus",
        envvar="PINCITE_CORPUS",
        metavar="DIR",
        help="The corpus: a folder, or milvus://HOST:PORT/NAME.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, under the Python objects' own names.")]
WhereOption = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="FIELD=VALUE", help="Only documents so; also <, <=, >, >=. Repeatable."),
]
TopK = Annotated[int, typer.Option("--top-k", min=1, help="How many passages.")]
Llm = Annotated[
    str | None,
    typer.Option(
        "--llm",
        envvar="PINCITE_LLM",
        metavar="NAME",
        help='"PROVIDER/MODEL" or "URL#MODEL"; none: the reader.',
    ),
]
MinConfidence = Annotated[
    float | None, typer.Option("--min-confidence", min=0.0, max=1.0, help="Below it: not answered.")
]
Explain = Annotated[
    bool, typer.Option("--explain", help="Show what each passage's score is made of, and the words it has.")
]
EncoderOption = Annotated[
    str | None,
    typer.Option("--encoder", metavar="NAME", help="A sentence-transformers model's name or folder."),
]
PrecisionOption = Annotated[
    str | None,
    typer.Option(
        "--precision",
        metavar="PRECISION",
        help="Of new vectors: float32 or int8. None: what a short test finds quicker here.",
    ),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help='Read and encode on a Ray cluster: HOST:PORT; "auto": the one that runs here; "local": its own.',
    ),
]
Auth = Annotated[
    list[str] | None,
    typer.Option(
        "--auth",
        envvar="PINCITE_AUTH",
        metavar="USER:PASSWORD",
        help="Who may log in. Repeatable; in the variable, parted by spaces, it is in no list of processes.",
    ),
]
NoAuth = Annotated[bool, typer.Option("--no-auth", help="Let everybody in who can reach --host.")]
AllowHost = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="NAME", help="Also answer to this name, a proxy's. Repeatable."),
]


def check_precision(precision: str | None) -> None:
    """Refuse what is no precision."""
    if precision not in {None, "float32", "int8"}:
        raise typer.BadParameter(f"--precision is float32 or int8, not {precision}")


@contextmanager
def open_corpus(
    location: str, *, create: bool = False, encoder: str | None = None, precision: str | None = None
) -> "Iterator[Corpus]":
    """Open the corpus at ``location``, and close it at the end."""
    from pincite.index.corpus import Corpus

    check_precision(precision)
    with Corpus.open(location, create=create, encoder=encoder, precision=precision) as corpus:
        yield corpus
