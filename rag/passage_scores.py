"""How well each retrieved passage answers the question when the reader reads it alone.

Not a part of answering, where passages are read together: it is worked out when somebody looks at the scores.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pincite.index.retrieval import Hit
from pincite.questions import Question
from pincite.reading import Reader
from pincite.span_reader import SpanReader


def reader_scores(question: str, hits: Sequence[Hit]) -> list[float | None]:
    """Return for each hit how sure the reader is of its answer from this passage alone, 0..1; None for all
    where it has no say: it was trained on English, and does not know the question's script.

    Raises ``AnswererUnavailable`` where a part of the reader is not installed.
    """
    asked = Question.of(question)
    if not hits or asked.is_chinese or not SpanReader.shipped().knows(question):
        return [None] * len(hits)
    reader = Reader()
    with ThreadPoolExecutor(len(hits), "pincite-scores") as pool:  # the reader bounds its own work
        drafts = list(pool.map(lambda hit: reader.answer(question, [hit]), hits))
    return [draft.confidence for draft in drafts]
