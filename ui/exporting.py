"""A conversation as one text to keep: Markdown, or an HTML page that needs nothing beside it.

The page runs no script and loads nothing; whatever comes from a document, a person or an LLM is escaped, and
its direction marks end with it. The third form, the evidence bundle that can be checked again, is
``pincite.bundles``'s.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime

from pincite.answers import READER, Answer, Citation, Claim, escape_markdown, joined
from pincite.index.language import HAN, KANA
from pincite.index.retrieval import Hit
from pincite.ui.conversation import NEAREST_SHOWN
from pincite.ui.markup import escape, folded
from pincite.ui.printing import DOUBTS, visible

_TITLE = "Answers from your documents"
_UNTITLED = "Not a question"
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_WORD = re.compile(rf"[a-z0-9]+|[{HAN}{KANA}]+")
_MOST_NAME_CHARACTERS = 40
_LAST_WORD_PART = re.compile(r"-[a-z0-9]*\Z")

_STYLE = """
:root { color-scheme: light dark; --text: #1d2430; --quiet: #566070; --line: #d5dae2; --page: #ffffff;
  --quote: #f3f5f8; --link: #0b57b0; --marked: #fff3c4; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ee; --quiet: #a3adbb; --line: #3a4352;
  --page: #14181f; --quote: #1e242e; --link: #8ab8f5; --marked: #4a3f14; } }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.55 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.1rem; font-weight: 600; color: var(--quiet); }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 .6rem; }
section { border-top: 1px solid var(--line); padding: 1.4rem 0 .6rem; }
a { color: var(--link); }
ol { padding-left: 2rem; }
li { margin: .7rem 0; padding: .2rem .4rem; break-inside: avoid; }
li:target { background: var(--marked); }
blockquote { margin: 0; padding: .5rem .8rem; background: var(--quote); border-left: 3px solid var(--line); }
li:target blockquote { background: transparent; }
.answer { font-size: 1.1rem; }
.claim { unicode-bidi: isolate; }
.where, .note, footer { color: var(--quiet); font-size: .9rem; margin: .3rem 0; }
@media print { :root { --text: #000; --quiet: #333; --page: #fff; --quote: #fff; --link: #000;
  --marked: #fff; } h2 { break-after: avoid; } main { max-width: none; padding: 0; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def markdown(answers: Sequence[Answer]) -> str:
    """Return the conversation as Markdown, under a heading for each question."""
    parts = [f"# {_TITLE}", *map(_markdown_section, answers)]
    return _storable("\n\n".join(parts) + "\n")


def html_page(answers: Sequence[Answer]) -> str:
    """Return the conversation as one HTML page, for a file or for paper: each ``[n]`` leads to its quote, and
    under that stands what `pincite show` takes.
    """
    sections = "\n".join(_section(number, answer) for number, answer in enumerate(answers, start=1))
    first = folded(answers[0].question) if answers else ""
    return _storable(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(visible(first) or _TITLE)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{_TITLE}</h1>\n{sections}\n</main>\n</body>\n</html>\n"
    )


def file_name(answers: Sequence[Answer], suffix: str, day: date | None = None) -> str:
    """Return a name for a download that is a file name on every system, such as
    ``pincite-2026-11-26-which-bank-built.md``: the day, today unless it is given, and the first words of the
    first question, those in Latin, Chinese and Japanese letters.
    """
    when = day or datetime.now().astimezone().date()
    question = unicodedata.normalize("NFKC", answers[0].question).lower() if answers else ""
    words = "-".join(_WORD.findall("".join(one if one.isalnum() else " " for one in question)))
    if len(words) > _MOST_NAME_CHARACTERS:
        goes_on = words[_MOST_NAME_CHARACTERS].isascii() and words[_MOST_NAME_CHARACTERS].isalnum()
        words = words[:_MOST_NAME_CHARACTERS]
        words = (_LAST_WORD_PART.sub("", words) if goes_on else words).rstrip("-")
    return "-".join(filter(None, ["pincite", when.isoformat(), words])) + suffix


def _markdown_section(answer: Answer) -> str:
    question = escape_markdown(answer.question) or _UNTITLED
    notes = [f"*{escape_markdown(note)}*" for note in _notes(answer)]
    return "\n\n".join([f"## {question}", answer.to_markdown(), *notes, escape_markdown(_outcome(answer))])


def _section(number: int, answer: Answer) -> str:
    notes = "".join(f'<p class="note" dir="auto">{escape(note)}</p>\n' for note in _notes(answer))
    body = _answered(number, answer) if answer.answered else _not_answered(answer)
    return (
        f'<section id="question-{number}">\n'
        f'<h2 dir="auto">{escape(folded(answer.question)) or _UNTITLED}</h2>\n'
        f"{body}{notes}<footer><bdi>{escape(_outcome(answer))}</bdi></footer>\n</section>"
    )


def _answered(number: int, answer: Answer) -> str:
    cited = [claim for claim in answer.claims if claim.citations]
    text = joined([_claim(number, claim) for claim in cited], [claim.text for claim in cited])
    citations = "".join(_citation(number, citation) for citation in answer.citations)
    doubts = "".join(_doubt(claim) for claim in answer.claims if claim.status in DOUBTS)
    return f'<p class="answer" dir="auto">{text}</p>\n{doubts}<ol>\n{citations}</ol>\n'


def _claim(number: int, claim: Claim) -> str:
    marks = "".join(f'<a href="#citation-{number}-{one}">[{one}]</a>' for one in claim.citations)
    return f'<span class="claim">{escape(folded(claim.text))}</span> {marks}'


def _doubt(claim: Claim) -> str:
    why = f"{claim.status} ({DOUBTS[claim.status]})"
    return f'<p class="note">{why}: <bdi>{escape(folded(claim.text))}</bdi></p>\n'


def _citation(number: int, citation: Citation) -> str:
    references = folded(", ".join(citation.references))
    reference = f" · source ref. {escape(references)}" if references else ""
    place = f"{citation.source}:{citation.start}-{citation.end}"
    return (
        f'<li id="citation-{number}-{citation.number}" value="{citation.number}">'
        f'<blockquote dir="auto">{escape(folded(citation.quote))}</blockquote>'
        f'<p class="where"><bdi>{escape(visible(citation.address))}</bdi>{reference}'
        f" · <bdi>{escape(visible(place))}</bdi></p></li>\n"
    )


def _not_answered(answer: Answer) -> str:
    nearest = "".join(map(_passage, answer.passages[:NEAREST_SHOWN]))
    shown = f"<p>The nearest passages:</p>\n<ul>\n{nearest}</ul>\n" if nearest else ""
    return f'<p class="answer">Not answered by these documents.</p>\n{shown}'


def _passage(hit: Hit) -> str:
    return (
        f'<li><blockquote dir="auto">{escape(folded(hit.passage.text))}</blockquote>'
        f'<p class="where"><bdi>{escape(visible(hit.passage.address))}</bdi></p></li>\n'
    )


def _notes(answer: Answer) -> list[str]:
    notes = [folded(note) for note in answer.notes if note.strip()]
    if answer.standalone_question != answer.question:
        notes.append(f"Searched for: {folded(answer.standalone_question)}")
    return notes


def _outcome(answer: Answer) -> str:
    who = "the reader, without an LLM" if answer.method == READER else answer.method.removeprefix("llm:")
    return f"Confidence {answer.confidence:.2f} · {folded(who)}" if answer.answered else folded(who)


def _storable(text: str) -> str:
    """Return ``text`` without what neither a text file nor HTML may hold: control characters, lone
    surrogates.
    """
    return _CONTROLS.sub("\ufffd", text).encode("utf-8", "replace").decode()
