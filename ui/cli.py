"""The command line: a thin shell over the library. Every command is a call or two and a way to print the
result.

Exit codes: 0 done ("not answered" is done); 1 a ``PinciteError``, a failed receipt or findings of ``verify``
or ``verify-bundle``; 2 wrong usage; 130 interrupted. Heavy modules are imported by the commands that need
them, so that ``--help`` is instant.
"""

import atexit
import gc
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from pincite.index.errors import AnswererUnavailable, PinciteError
from pincite.ui import keeping
from pincite.ui.arguments import (
    AllowHost,
    Auth,
    EncoderOption,
    Explain,
    Json,
    Llm,
    Location,
    MinConfidence,
    NoAuth,
    PrecisionOption,
    RayOption,
    TopK,
    WhereOption,
    open_corpus,
)
from pincite.ui.terminal import accept_any_characters, asked_questions, progress_bar, question_bar, say_error

INTERRUPTED = 130
_COLLECTED_AFTER = 50_000
"""How many objects are made before garbage is looked for: most of what a command makes are modules, and there
is none in them.
"""

app = typer.Typer(
    name="pincite",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("pincite"))
        raise typer.Exit


@app.callback()
def pincite(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Answers questions from your own documents, and shows the exact words each answer rests on."""


@app.command()
def index(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files, folders or globs.")],
    corpus: Location = ".pincite",
    metadata: Annotated[
        list[str] | None,
        typer.Option("--metadata", metavar="FIELD=VALUE", help="Set on every document. Repeatable."),
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option("--include", metavar="PATTERN", help='As "*.md".')
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="PATTERN", help='As "drafts/*".')
    ] = None,
    password: Annotated[str | None, typer.Option("--password", help="Opens encrypted files.")] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what the corpus holds of files gone from these folders.")
    ] = False,
    encoder: EncoderOption = None,
    precision: PrecisionOption = None,
    ray: RayOption = None,
    json: Json = False,
) -> None:
    """Index files, folders and globs; print a receipt for each file."""
    from pincite.ui.options import parse_metadata
    from pincite.ui.printing import print_json, print_receipts

    extra = parse_metadata(metadata or [])
    with (
        open_corpus(corpus, create=True, encoder=encoder, precision=precision) as opened,
        progress_bar() as progress,
    ):
        receipts = opened.add(
            *paths,
            metadata=extra,
            include=include or (),
            exclude=exclude or (),
            password=password,
            prune=prune,
            progress=progress,
            ray=ray,
        )
    print_json(receipts) if json else print_receipts(receipts)
    if any(receipt.status == "failed" for receipt in receipts):
        raise typer.Exit(1)


@app.command()
def ask(
    question: Annotated[
        str | None, typer.Argument(help="None: asks for one; piped: one question a line.")
    ] = None,
    corpus: Location = ".pincite",
    top_k: TopK = 8,
    where: WhereOption = None,
    llm: Llm = None,
    min_confidence: MinConfidence = None,
    llm_only: Annotated[bool, typer.Option("--llm-only", help="Fail where the LLM fails.")] = False,
    explain: Explain = False,
    bundle: Annotated[
        Path | None,
        typer.Option(
            "--bundle", metavar="FILE", help="Write the evidence here, for `pincite verify-bundle`."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace that file if it exists.")] = False,
    json: Json = False,
) -> None:
    """Answer a question, with citations."""
    if question is not None and not question.strip():
        raise typer.BadParameter("the question is empty")
    if llm_only and llm is None:
        raise typer.BadParameter("--llm-only needs --llm or PINCITE_LLM")
    if llm is None:
        from pincite.span_reader import SpanReader

        SpanReader.load_ahead(question or "")  # while the rest is imported
    from pincite.answering import ask as answer_question
    from pincite.answers import Answer, Turn
    from pincite.ui.options import parse_where
    from pincite.ui.printing import print_answer, print_answer_as_json, visible

    condition = parse_where(where or [])
    many = question is None
    failed = False
    turns: list[Turn] = []
    answers: list[Answer] = []
    with open_corpus(corpus) as opened, keeping.bundled(answers, opened, bundle, overwrite):
        for one in asked_questions() if question is None else [question]:
            try:
                answer = answer_question(
                    one,
                    opened,
                    top_k=top_k,
                    where=condition,
                    llm=llm,
                    history=turns if sys.stdin.isatty() else (),
                    min_confidence=min_confidence,
                    fallback=not llm_only,
                )
            except AnswererUnavailable as error:
                if not many:
                    raise
                say_error(error)
                failed = True
                continue
            if many and not (json or sys.stdin.isatty()):
                print("\n" * bool(turns) + f"? {visible(one)}")
            turns.append(Turn(answer.standalone_question, answer.text))
            answers.append(answer)
            if json:
                print_answer_as_json(answer, explained=explain, compact=many)
            else:
                print_answer(answer, explained=explain)
            sys.stdout.flush()
    if failed:
        raise typer.Exit(1)


@app.command()
def search(
    query: str,
    corpus: Location = ".pincite",
    top_k: TopK = 10,
    where: WhereOption = None,
    explain: Explain = False,
    json: Json = False,
) -> None:
    """Find the passages nearest to a query."""
    from pincite.ui.options import parse_where
    from pincite.ui.printing import explained_hits, print_hits, print_json

    with open_corpus(corpus) as opened:
        hits = opened.search(query, top_k=top_k, where=parse_where(where or []))
    if json:
        print_json(explained_hits(query, hits) if explain else hits)
    else:
        print_hits(hits, explained_for=query if explain else None)


@app.command()
def show(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE[:START-END]", help="A document, or characters of it.")
    ],
    corpus: Location = ".pincite",
    image: Annotated[
        Path | None,
        typer.Option(
            "--image", metavar="FILE", help="Write the page of a PDF here, as PNG, with them marked."
        ),
    ] = None,
    password: Annotated[str | None, typer.Option("--password", help="Opens an encrypted PDF.")] = None,
    json: Json = False,
) -> None:
    """Print a document's text as it was read, whole or from character START to END."""
    from pincite.ui.options import parse_span
    from pincite.ui.printing import print_document, print_json, say

    name, start, end = parse_span(source)
    with open_corpus(corpus) as opened:
        document_id = opened.find(name)
        text = opened.text(document_id)
        if not 0 <= start <= (len(text) if end is None else end) <= len(text):
            raise typer.BadParameter(f"{start}-{end} is no span of the document's {len(text)} characters")
        if image is not None:
            image.write_bytes(opened.page_image(document_id, start, end or start, password=password))
            say(f"wrote {image}")
            return
    end = len(text) if end is None else end
    if json:
        print_json({"document_id": document_id, "start": start, "end": end, "text": text[start:end]})
    else:
        print_document(text, start, end)


app.command(name="list")(keeping.list_documents)
app.command()(keeping.remove)
app.command()(keeping.stats)
app.command()(keeping.verify)
app.command()(keeping.verify_bundle)
app.command()(keeping.reencode)
app.command()(keeping.backup)
app.command()(keeping.restore)
app.command()(keeping.copy)


@app.command(name="eval")
def evaluate(
    file: Annotated[
        Path,
        typer.Argument(help="JSONL or CSV: question and, where known, answer, source, quote, answerable."),
    ],
    corpus: Location = ".pincite",
    top_k: TopK = 8,
    llm: Llm = None,
    min_confidence: MinConfidence = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw risk against coverage here: .png, .svg or .pdf."),
    ] = None,
    failures: Annotated[
        int, typer.Option("--failures", metavar="N", min=0, help="How many wrong answers to list.")
    ] = 5,
    json: Json = False,
) -> None:
    """Ask the questions of a file, compare with the answers that are known, and measure."""
    from pincite.evaluating import doubtful
    from pincite.evaluating import evaluate as run
    from pincite.labels import Labels
    from pincite.ui.evaluation import print_report, say_doubts, say_fallbacks
    from pincite.ui.printing import print_json, say

    labels = Labels.read(file)
    if plot is not None:
        from pincite.plotting import check_plot, draw_report

        check_plot(plot)
    with open_corpus(corpus) as opened:
        say_doubts(doubtful(labels.questions, opened), labels.ignored)
        with question_bar() as progress:
            report = run(
                labels.questions,
                opened,
                top_k=top_k,
                llm=llm,
                min_confidence=min_confidence,
                progress=progress,
            )
    if llm is not None:
        say_fallbacks(report, llm)
    print_json(report) if json else print_report(report, failures)
    if plot is not None:
        draw_report(report, plot)
        say(f"wrote {plot}")


@app.command()
def ui(
    corpus: Location = ".pincite",
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 7860,
    auth: Auth = None,
    no_auth: NoAuth = False,
    allow_host: AllowHost = None,
    llm: Llm = None,
    min_confidence: MinConfidence = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Serve the chat page, on this machine only unless told otherwise."""
    from pincite.ui.access import Access
    from pincite.ui.chat import serve
    from pincite.ui.printing import say

    access = Access.of(auth or (), is_open=no_auth, host_names=allow_host or ())
    access.names(host)
    with open_corpus(corpus, create=True) as opened:
        serve(
            opened,
            host=host,
            port=port,
            access=access,
            llm=llm,
            min_confidence=min_confidence,
            open_browser=open_browser,
            on_ready=lambda url: say(f"pincite is at {url} (stop with Ctrl-C)"),
        )


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(_COLLECTED_AFTER)
    atexit.register(gc.freeze)  # nor is what is left at the end looked through
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("pincite").setLevel(logging.INFO)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns where it can keep no font cache
    accept_any_characters()
    try:
        app(standalone_mode=True)
    except PinciteError as error:
        _stop(1, error)
    except ValueError as error:
        _stop(2, error)
    except KeyboardInterrupt:
        _stop(INTERRUPTED, "interrupted")
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # what typer makes of an interrupt, without a word
            say_error("interrupted")
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        reason = error.strerror or error
        _stop(1, f"{error.filename}: {reason}" if error.filename else reason)


def _stop(code: int, message: object) -> None:
    say_error(message)
    sys.exit(code)
