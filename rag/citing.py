"""Turns an answerer's draft into an answer: numbers the citations and proves each against its document.

The last gate before a user sees a quote. A span that is not, character for character, the document's own text
is a bug, and is refused here whatever produced it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from pincite.answers import READER, Answer, Citation, Claim, Draft, Support, joined
from pincite.index.errors import CorpusDamaged
from pincite.index.retrieval import Hit

_Place = tuple[str, int, int]


def settle(
    question: str,
    draft: Draft,
    hits: Sequence[Hit],
    text_of: Callable[[str], str],
    *,
    min_confidence: float,
    seconds: float,
    standalone: str = "",
) -> Answer:
    """Return the answer that ``draft`` makes, or "not answered" when it is empty or below ``min_confidence``.

    ``text_of`` returns a document's text by its id; ``standalone`` is the question as it was searched for,
    where that is another one.
    """
    answered = bool(draft.claims) and draft.confidence >= min_confidence
    notes = draft.notes + (draft.caveats if answered else ())
    if draft.claims and not answered and draft.method != READER:
        notes += (
            f"{draft.method} gave an answer, but the reader finds none in what it quotes:"
            " its confidence is below the bar that was set.",
        )
    claims = draft.claims if answered else ()
    said = [claim.text for claim in claims if claim.supports]
    supports: dict[_Place, Support] = {}
    for support in (support for claim in claims for support in claim.supports):
        known = supports.setdefault(_place(support), support)
        supports[_place(support)] = max(known, support, key=lambda one: one.score)
    numbers = {place: number for number, place in enumerate(supports, start=1)}
    citations = _told_apart([_cite(numbers[place], one, text_of) for place, one in supports.items()])
    return Answer(
        question=question,
        text=joined(said, said),
        answered=answered,
        confidence=draft.confidence,
        citations=citations,
        passages=tuple(hits),
        claims=tuple(
            Claim(claim.text, _unique(numbers[_place(support)] for support in claim.supports), claim.status)
            for claim in claims
        ),
        method=draft.method,
        standalone_question=standalone or question,
        notes=notes,
        seconds=seconds,
    )


def _told_apart(citations: Sequence[Citation]) -> tuple[Citation, ...]:
    """Return the citations, those of different files of one name with the folders that tell them apart."""
    named: dict[str, set[str]] = {}
    for citation in citations:
        named.setdefault(citation.address.split(" › ")[0], set()).add(citation.source)
    return tuple(
        replace(one, address=_folders(one.source, named[one.address.split(" › ")[0]]) + one.address)
        for one in citations
    )


def _folders(source: str, alike: Iterable[str]) -> str:
    """Return the last folders of a source, as few as none of the others has; of a mail's, none."""
    parts, others = source.split("/"), [one.split("/") for one in alike if one != source]
    if not all(other[-1] == parts[-1] for other in others):
        return ""
    count = next(
        (n for n in range(1, len(parts)) if all(other[-n:] != parts[-n:] for other in others)), len(parts)
    )
    return "".join(f"{folder}/" for folder in parts[-count:-1])


def _unique(numbers: Iterable[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(numbers))


def _place(support: Support) -> _Place:
    return support.passage.document_id, support.start, support.end


def _cite(number: int, support: Support, text_of: Callable[[str], str]) -> Citation:
    passage, start, end = support.passage, support.start, support.end
    quote = text_of(passage.document_id)[start:end]
    inside = passage.text[start - passage.start : end - passage.start]
    if not (passage.start <= start < end <= passage.end) or quote != inside:
        raise CorpusDamaged(f"{passage.source}: characters {start}-{end} are not what was retrieved")
    return Citation(
        number=number,
        document_id=passage.document_id,
        source=passage.source,
        title=passage.title,
        address=passage.address_of(start, end),
        start=start,
        end=end,
        quote=quote,
        references=passage.references_of(start, end),
        score=support.score,
    )
