"""What the command line prints: answers, hits, receipts and lists, as text or as JSON.

Results go to standard output, everything said along the way to standard error. Document text is never taken
for markup, and characters that would steer a terminal are shown as escapes.
"""

import dataclasses
import json
import re
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pincite.answers import Answer
from pincite.index.corpus import Stats
from pincite.index.explaining import explain
from pincite.index.records import GONE, DocumentInfo, Receipt
from pincite.index.retrieval import Hit

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
DOUBTS = {
    "check": "says more than its quote",
    "unsupported": "not found in the documents, and no part of the answer",
    "misattributed": "found in another passage than the LLM named",
}
_WIDEST = 100
_SNIPPET = 200
_NEAREST = 3
_GAP = 2
_NARROWEST = 20


def visible(text: str) -> str:
    """Return ``text`` with characters as escapes that control, set a direction, or are invisible tags; line
    ends and tabs stay.

    >>> visible("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    return _STEERING.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def print_json(value: Any, *, compact: bool = False) -> None:
    """Print dataclasses, or lists of them, under their own names; ``compact`` puts all on one line.

    What would steer a terminal is escaped as JSON has it, so that a parser reads it back.
    """
    text = json.dumps(plain(value), ensure_ascii=False, indent=None if compact else 2)
    text = _STEERING.sub(lambda match: json.dumps(match.group())[1:-1], text)
    print(text.encode("utf-8", "replace").decode("utf-8"))


def print_answer(answer: Answer, *, explained: bool = False) -> None:
    """Print the answer with its citations, or the nearest passages where there is none; ``explained``: then
    all passages that were read, with what their scores are made of.
    """
    if not answer.answered:
        print("Not answered: these documents do not say.")
        if answer.passages and not explained:
            print("\nNearest passages:")
            _print_hits(answer.passages[:_NEAREST], scored=False)
    else:
        print(_wrapped(answer.marked_text()))
        for citation in answer.citations:
            reference = f" (source ref. {', '.join(citation.references)})" if citation.references else ""
            print(f"\n[{citation.number}] {visible(citation.address)}{reference}")
            print(_wrapped(f"“{citation.quote}”", "    "))
        for claim in answer.claims:
            if claim.status in DOUBTS:
                print("\n" + _wrapped(f"{claim.status} ({DOUBTS[claim.status]}): {claim.text}"))
    if explained and answer.passages:
        print("\nPassages read:")
        _print_hits(answer.passages, scored=True, explained_for=answer.standalone_question)
    say("")
    if answer.standalone_question != answer.question:
        say(f"searched for: {answer.standalone_question}")
    for note in answer.notes:
        say(f"note: {note}")
    say(f"confidence {answer.confidence:.2f} · {answer.method} · {answer.seconds:.2f} s")


def print_hits(hits: Sequence[Hit], *, explained_for: str | None = None) -> None:
    """Print hits with their scores, best first; with a query in ``explained_for`` also what the scores are
    made of, and which of its words each passage has.
    """
    if hits:
        _print_hits(hits, scored=True, explained_for=explained_for)
    else:
        say("nothing found")


def print_answer_as_json(answer: Answer, *, explained: bool, compact: bool) -> None:
    """Print the answer as ``print_json`` does; ``explained``: with the words that each passage has."""
    if explained:
        passages = explained_hits(answer.standalone_question, answer.passages)
        print_json({**answer.to_dict(), "passages": passages}, compact=compact)
    else:
        print_json(answer, compact=compact)


def explained_hits(query: str, hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """Return hits for JSON, each with its ``matched`` and ``missing`` words."""
    return [{**plain(hit), **dataclasses.asdict(explain(query, hit.passage))} for hit in hits]


def print_receipts(receipts: Sequence[Receipt]) -> None:
    """Print a table of receipts, then why files failed or may be elsewhere, what of the others could not be
    read, and how many have vanished. Several are summed up on standard error. On a terminal that the table
    would not fit, long sources lose their beginning in it.
    """
    columns = ("status", "source", "pages", "characters", "groups", "passages", "seconds")
    rows = [[_cell(getattr(receipt, column)) for column in columns] for receipt in receipts]
    if sys.stdout.isatty():
        _fit(columns, rows, columns.index("source"))
    _print_table(columns, rows)
    for receipt in receipts:
        if receipt.reason not in ("", GONE):
            print(f"{receipt.status}: {_cell(receipt.source)}: {_cell(receipt.reason)}")
        for note in receipt.notes:
            print(f"note: {_cell(receipt.source)}: {_cell(note)}")
    if vanished := sum(receipt.reason == GONE for receipt in receipts):
        which, them = (
            ("1 vanished file is", "it") if vanished == 1 else (f"{vanished:,} vanished files are", "them")
        )
        print(f"{which} still in the corpus; --prune removes {them}")
    if len(receipts) > 1:
        counts = Counter(receipt.status for receipt in receipts)
        say(
            f"{len(receipts):,} files: "
            + ", ".join(f"{count:,} {status}" for status, count in counts.items())
        )


def print_documents(documents: Sequence[DocumentInfo]) -> None:
    """Print a table of the corpus's documents."""
    if not documents:
        say("the corpus is empty")
        return
    columns = ("source", "language", "characters", "pages", "groups", "passages", "title")
    rows = [
        [_cell(document.metadata.get(c, "") if c == "language" else getattr(document, c)) for c in columns]
        for document in documents
    ]
    _print_table(columns, rows)


def print_stats(stats: Stats) -> None:
    """Print the corpus's figures, a line each."""
    for field in dataclasses.fields(stats):
        value = getattr(stats, field.name)
        if field.name == "bytes" and not value:
            continue  # of a corpus on a server they are not known
        text = (
            f"{value.name} ({value.dimension}-d, {value.precision})"
            if field.name == "encoder"
            else _cell(value)
        )
        print(f"{field.name:<12}{text}")


def print_document(text: str, start: int, end: int) -> None:
    """Print ``text[start:end]`` as it stands."""
    print(visible(text[start:end]))


def say(message: str) -> None:
    """Print a message to standard error."""
    print(visible(message), file=sys.stderr)


def _print_hits(hits: Sequence[Hit], *, scored: bool, explained_for: str | None = None) -> None:
    for rank, hit in enumerate(hits, start=1):
        print(f"\n{rank}. {visible(hit.passage.address)}")
        if explained_for is not None:
            _print_explanation(explained_for, hit)
        elif scored:
            print(f"   score {hit.score:.2f} (dense {_dense(hit)}, lexical {hit.lexical_score:.1f})")
        text = " ".join(hit.passage.text.split())
        print(_wrapped(text if len(text) <= _SNIPPET else text[:_SNIPPET].rsplit(" ", 1)[0] + " …", "   "))


def _print_explanation(query: str, hit: Hit) -> None:
    dense = _dense(hit) + (f" (rank {hit.dense_rank})" if hit.dense_rank else "")
    lexical = f"{hit.lexical_score:.1f}" + (f" (rank {hit.lexical_rank})" if hit.lexical_rank else "")
    evidence = "" if hit.evidence is None else f", evidence {hit.evidence:.2f}"
    print(f"   score {hit.score:.2f}: dense {dense}, lexical {lexical}{evidence}")
    words = explain(query, hit.passage)
    print(_wrapped(f"matched: {', '.join(words.matched) or '–'}", "   "))
    print(_wrapped(f"missing: {', '.join(words.missing) or '–'}", "   "))


def _dense(hit: Hit) -> str:
    return "–" if hit.dense_score is None else f"{hit.dense_score:.2f}"


def _fit(columns: Sequence[str], rows: Sequence[list[str]], place: int) -> None:
    """Shorten the texts in the column ``place`` until the table fits the terminal."""
    widths = _widths(columns, rows)
    taken = sum(widths) - widths[place] + _GAP * (len(widths) - 1)
    room = max(shutil.get_terminal_size((_WIDEST, 24)).columns - taken, _NARROWEST)
    for row in rows:
        row[place] = _end_of(row[place], room)


def _end_of(text: str, width: int) -> str:
    """Return ``text``, or an ellipsis and as much of its end as there is room for."""
    if _width(text) <= width:
        return text
    start, room = len(text), width - 1
    while room >= (needed := _width(text[start - 1])):
        start, room = start - 1, room - needed
    return f"…{text[start:]}"


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(_width(row[place]) for row in [columns, *rows]) for place in range(len(columns))]


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = _widths(columns, rows)
    for row in [columns, *rows]:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        print((" " * _GAP).join(cells).rstrip())


def _cell(value: object) -> str:
    text = (
        f"{value:.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    )
    return visible(" ".join(text.split()))


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _wrapped(text: str, indent: str = "") -> str:
    width = min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns)
    return textwrap.fill(
        visible(" ".join(text.split())),
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def plain(value: Any) -> Any:
    """Return dataclasses, or lists of them, as plain values for JSON, under their own names."""
    if isinstance(value, Answer):
        return value.to_dict()
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Hit):
        entry = dataclasses.asdict(value)
        entry["passage"]["address"] = value.passage.address
        return entry
    return (
        dataclasses.asdict(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type)
        else value
    )
