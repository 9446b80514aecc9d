"""What comes back from a question: the answer, its claims, its citations, and the passages it was looked for
in.
"""

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

from pincite.index.language import HAN
from pincite.index.passages import Passage
from pincite.index.retrieval import Hit

READER = "reader"
_ENDED = re.compile(r"""[.!?…。！？][\])}"'”’」』）]*$""")
_ABBREVIATED = re.compile(r"(?:\b[A-Za-z]\.)+$|\b(?:Inc|Ltd|Co|Corp|Jr|Sr|etc|St|No|Dr|a\.m|p\.m)\.$")
_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>()#+!|~&$^=-]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_NUMBER_OF_ITEM = re.compile(r"\A(\d{1,9})\.(?=\s|\Z)")
_HAN_LAST = re.compile(rf"[{HAN}]\W*$")

Status = Literal["quoted", "misattributed", "unsupported", "check"]


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of the same conversation, with the text of its answer (empty: not answered)."""

    question: str
    text: str


@dataclass(frozen=True, slots=True)
class Subjects:
    """What a turn was about: what its answer names, and the topic of its question; empty where there is no
    such thing.
    """

    answer: str
    topic: str


@dataclass(frozen=True, slots=True)
class Support:
    """The words in a passage that a claim rests on: a span of the passage's document, and a score, 0..1."""

    passage: Passage
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class DraftClaim:
    """A claim as an answerer makes it, before its citations are numbered."""

    text: str
    supports: tuple[Support, ...]
    status: Status = "quoted"


@dataclass(frozen=True, slots=True)
class Draft:
    """What an answerer returns. No claims: the passages do not answer. ``confidence`` is 0..1. ``caveats``
    are notes on the answer, without meaning where it is not given.
    """

    claims: tuple[DraftClaim, ...]
    confidence: float
    method: str
    notes: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()


Drafts = Generator[Draft, None, None]
"""An answer as it grows; closing it stops the answerer."""


class Answerer(Protocol):
    """Answers a question from passages: the extractive reader, or an LLM."""

    def answer(self, question: str, hits: Sequence[Hit]) -> Draft:
        """Return claims that rest on ``hits``, or none. Raises ``AnswererUnavailable``."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A pinpoint citation: ``corpus.text(document_id)[start:end] == quote``, always.

    ``number`` counts from 1 within an answer. ``references`` are the source's own markers, not to be confused
    with it.
    """

    number: int
    document_id: str
    source: str
    title: str
    address: str
    start: int
    end: int
    quote: str
    references: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A part of the answer and the numbers of the citations it rests on.

    ``status`` is "quoted" (its quote stands where it says), "misattributed" (the quote stands in another
    passage than the LLM named, and was put right), "check" (the quote stands, but the claim says more than
    it) or "unsupported" (no such words in the documents: nothing is cited for it, and it is no part of the
    answer's text). Without an LLM every claim is quoted.
    """

    text: str
    citations: tuple[int, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question. Not answered: ``text`` is empty, there are no citations, and ``passages`` are
    the nearest.

    ``confidence`` is 0..1; ``method`` is "reader" or "llm:MODEL"; ``standalone_question`` is what was
    searched for; ``notes`` tell what a user should know about how this answer came about; ``seconds`` is wall
    time.
    """

    question: str
    text: str
    answered: bool
    confidence: float
    citations: tuple[Citation, ...]
    passages: tuple[Hit, ...]
    claims: tuple[Claim, ...]
    method: str
    standalone_question: str
    notes: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain values for JSON, under these names; a passage has its address too."""
        plain = asdict(self)
        for hit, entry in zip(self.passages, plain["passages"], strict=True):
            entry["passage"]["address"] = hit.passage.address
        return plain

    def marked_text(self, escape: Callable[[str], str] = str) -> str:
        """Return the text with its citations' numbers: ``Singapore's OCBC Bank [1]``. ``escape`` guards the
        text.
        """
        parts = []
        for claim in self.claims:
            if claim.citations:
                marks = "".join(f"[{number}]" for number in claim.citations)
                parts.append(f"{escape(claim.text)} {marks}")
        return joined(parts, [claim.text for claim in self.claims if claim.citations])

    def to_markdown(self) -> str:
        """Return the answer with ``[n]`` after each claim, then the citations and the doubtful claims, one a
        line, as Markdown.
        """
        if not self.answered:
            nearest = "\n".join(f"- {escape_markdown(hit.passage.address)}" for hit in self.passages)
            return "*Not answered by these documents.*" + (
                f"\n\nNearest passages:\n\n{nearest}" if nearest else ""
            )
        lines = [self.marked_text(escape_markdown), ""]
        for citation in self.citations:
            references = escape_markdown(", ".join(citation.references))
            reference = f" (source ref. {references})" if references else ""
            quote = escape_markdown(" ".join(citation.quote.split()))
            lines.append(f"{citation.number}. “{quote}” — {escape_markdown(citation.address)}{reference}")
        doubts = [claim for claim in self.claims if claim.status != "quoted"]
        lines += (
            ["", *(f"- {claim.status}: {escape_markdown(claim.text)}" for claim in doubts)] if doubts else []
        )
        return "\n".join(lines)


def separator_after(claim: str) -> str:
    """Return what stands between a claim's text and the next: sentences end by themselves, phrases do not."""
    if not claim:
        return ""
    if _ENDED.search(claim) and not is_abbreviated(claim):
        return " "
    return "；" if _HAN_LAST.search(claim) else "; "


def is_abbreviated(phrase: str) -> bool:
    """Whether a phrase ends in a full stop that belongs to its last word: "Pellow & Co."."""
    return _ABBREVIATED.search(phrase) is not None


def joined(shown: Sequence[str], claims: Sequence[str]) -> str:
    """Return what is ``shown`` of each of the ``claims``' texts as one text.

    >>> joined(["It rained. [1]", "1,200 [2]", "1,350 [3]"], ["It rained.", "1,200", "1,350"])
    'It rained. [1] 1,200 [2]; 1,350 [3]'
    """
    before = ["", *claims][: len(shown)]
    return "".join(separator_after(text) + part for text, part in zip(before, shown, strict=True))


def escape_markdown(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it stands: no markup, no HTML, no lists, no line breaks,
    and no links, not even those that some make of a bare ``https://`` or ``www.``.

    >>> escape_markdown("1. *See* www.example.org")
    '1\\\\. \\\\*See\\\\* www\\\\.example.org'
    """
    return _NUMBER_OF_ITEM.sub(r"\1\\.", _MARKDOWN.sub(r"\\\g<0>", " ".join(text.split())))
