"""Believes nothing of what an LLM claims until its quote is found in the passages.

Finding a quote is in ``quoting``, comparing it with its claim in ``checking``; here both make a status.
"""

from collections.abc import Sequence

from pincite.answers import DraftClaim, Status, Support
from pincite.checking import says_more
from pincite.index.retrieval import Hit
from pincite.quoting import locate
from pincite.replies import QuotedClaim


def verified(claim: QuotedClaim, hits: Sequence[Hit]) -> DraftClaim:
    """Look for the claim's quote in the passage it names, then in the others, best first."""
    named = hits[claim.label - 1] if 1 <= claim.label <= len(hits) else None
    for hit in sorted(hits, key=lambda hit: hit is not named):
        passage = hit.passage
        span = locate(passage.text, claim.quote or "")
        if span:
            support = Support(passage, passage.start + span.start, passage.start + span.end, hit.score)
            status: Status = "quoted" if hit is named else "misattributed"
            if says_more(claim.sentence, passage.text[span.start : span.end]):
                status = "check"
            return DraftClaim(claim.sentence, (support,), status)
    return DraftClaim(claim.sentence, (), "unsupported")
