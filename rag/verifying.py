"""Believes nothing of what an LLM claims until its quote is found in the passages.

Finding a quote is in ``quoting``, comparing it with its claim in ``checking``; here both make a status.
"""

from collections.abc import Sequence

from pincite.answers import DraftClaim, Status, Support
from pincite.checking import Source, says_more
from pincite.index.document import Span
from pincite.index.passages import Passage, quotable_spans
from pincite.index.retrieval import Hit
from pincite.quoting import locate
from pincite.replies import QuotedClaim

_BEFORE = 24  # characters


def verified(claim: QuotedClaim, question: str, hits: Sequence[Hit]) -> DraftClaim:
    """Look for the claim's quote in the passage it names, then in the others, best first."""
    if claim.is_too_long:
        return DraftClaim(claim.sentence, (), "unsupported")
    named = hits[claim.label - 1] if 1 <= claim.label <= len(hits) else None
    for hit in sorted(hits, key=lambda hit: hit is not named):
        passage = hit.passage
        span = locate(passage.text, claim.quote or "")
        if span:
            support = Support(passage, passage.start + span.start, passage.start + span.end, hit.score)
            status: Status = "quoted" if hit is named else "misattributed"
            if says_more(claim.sentence, _source(question, passage, span)):
                status = "check"
            return DraftClaim(claim.sentence, (support,), status)
    return DraftClaim(claim.sentence, (), "unsupported")


def _source(question: str, passage: Passage, quote: Span) -> Source:
    """Return the quote with the words before it, and with what may name what it speaks of: its sentences and
    the one before, the question, the passage's headings.
    """
    text, spans = passage.text, [span for span, _ in quotable_spans(passage)]
    start, end = passage.start + quote.start, passage.start + quote.end
    touched = [place for place, span in enumerate(spans) if span.start < end and start < span.end]
    sentences = spans[max(touched[0] - 1, 0) : touched[-1] + 1] if touched else []
    first = spans[touched[0]].start - passage.start if touched else quote.start
    around = [text[span.start - passage.start : span.end - passage.start] for span in sentences]
    return Source(
        text[quote.start : quote.end],
        text[max(first, quote.start - _BEFORE) : quote.start] if first < quote.start else "",
        "\n".join((question, passage.title, passage.group, *around)),
    )
