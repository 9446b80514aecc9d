"""Asks labelled questions and measures what comes back: retrieval, answers, citations, and how far the
confidence can be trusted.

Each question is asked once, with no threshold; what ``ask`` returns at a threshold follows from the
confidence. Labels are read in ``labels``, texts compared in ``scoring``, risk and calibration in ``risk``.

An answer is **right** where its F1 with a known answer is at least 0.5 or it holds one; where only a quote is
known, where the first citation holds it. Without an LLM an answer may be a whole sentence, which F1 alone
would hold against it. Any answer to a question without one is wrong.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pincite.answering import ask
from pincite.answers import Answer
from pincite.index.corpus import Corpus
from pincite.index.retrieval import Hit
from pincite.labels import LabelledQuestion
from pincite.reading import DEFAULT_MIN_CONFIDENCE
from pincite.risk import (
    Bin,
    RiskPoint,
    area_under,
    auroc,
    calibration_error,
    recommended,
    reliability,
    risk_coverage,
)
from pincite.scoring import best_f1, exact_match, holds

LEAST_F1 = 0.5
TOLERATED_RISK = 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one question went.

    ``text``, its scores and its citation are of the best answer found, also where its confidence is below the
    threshold and it was not given (``answered`` False); ``proposed`` False: none was found. What cannot be
    told from the labels is None. A rank counts from 1; 0: not among the passages read.
    """

    question: str
    line: int
    answerable: bool
    expected: tuple[str, ...]
    expected_source: str
    expected_quote: str
    answered: bool
    proposed: bool
    text: str
    confidence: float
    right: bool | None
    exact: float | None
    f1: float | None
    cited: bool | None
    source_rank: int | None
    passage_rank: int | None
    cited_address: str
    cited_source: str
    cited_quote: str
    method: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The questions' outcomes and what they come to: shares, 0..1, None where no question can tell.

    ``over`` says how many questions each share is over. ``recall_at_k`` and the like are over answerable
    questions whose source is known: how many have it among the first 1, 3 or ``top_k`` passages;
    ``passage_recall_at_k``, a passage of it that holds the known quote, else an answer. ``source_rr`` is the
    mean reciprocal rank of the source. ``exact`` and ``f1`` are over answerable questions with a known
    answer, and count what was not answered as 0; ``cited`` is over the answered ones whose answer or quote is
    known: the first citation holds it. ``answered`` is over answerable questions, ``false_answers`` over the
    others. ``accuracy`` counts right answers, and unanswerable questions that were not answered. ``auroc`` is
    how well confidence puts right answers above wrong ones, ``aurc`` the area under ``curve``, and
    ``recommended`` the point of it that answers most at a risk of at most 0.1.
    """

    questions: int
    top_k: int
    min_confidence: float
    recall_at_1: float | None
    recall_at_3: float | None
    recall_at_k: float | None
    source_rr: float | None
    passage_recall_at_1: float | None
    passage_recall_at_3: float | None
    passage_recall_at_k: float | None
    answered: float | None
    exact: float | None
    f1: float | None
    cited: float | None
    false_answers: float | None
    accuracy: float | None
    auroc: float | None
    calibration_error: float | None
    aurc: float | None
    recommended: RiskPoint | None
    over: Mapping[str, int]
    curve: tuple[RiskPoint, ...]
    bins: tuple[Bin, ...]
    outcomes: tuple[Outcome, ...]


def evaluate(
    questions: Sequence[LabelledQuestion],
    corpus: Corpus,
    *,
    top_k: int = 8,
    llm: Any = None,
    min_confidence: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Ask each question, through ``ask``, and report how the answers compare.

    ``top_k``, ``llm`` and ``min_confidence`` are as for ``ask``. ``progress`` is called with the number of
    questions done and of all. Raises ValueError for a ``min_confidence`` outside 0..1.
    """
    threshold = DEFAULT_MIN_CONFIDENCE if min_confidence is None else min_confidence
    if not 0 <= threshold <= 1:
        raise ValueError(f"min_confidence must be between 0 and 1, got {threshold}")
    named = _Sources.of(corpus)
    outcomes = []
    for done, known in enumerate(questions):
        if progress:
            progress(done, len(questions))
        answer = ask(known.question, corpus, top_k=top_k, llm=llm, min_confidence=0.0)
        outcomes.append(_compare(known, answer, named.called(known.source), threshold))
    return _report(outcomes, top_k, threshold)


def doubtful(questions: Iterable[LabelledQuestion], corpus: Corpus) -> list[str]:
    """Return what of the labels is not so in this corpus, a line for each source that it does not have, or
    has several of, where it is first named. They are no errors: what a missing document does to the answers
    may be what is measured.
    """
    named = _Sources.of(corpus)
    first: dict[str, LabelledQuestion] = {}
    for known in questions:
        first.setdefault(known.source, known)
    doubts = []
    for known in first.values():
        count = len(named.called(known.source)) if known.source else 1
        if count != 1:
            place = f"line {known.line}" if known.line else known.question
            what = f"{count} documents are" if count else "no document in the corpus is"
            doubts.append(f"{place}: {what} called {known.source}{'; any of them counts' if count else ''}")
    return doubts


@dataclass(frozen=True, slots=True)
class _Sources:
    """The sources of a corpus's documents, by their own names and by each of the last parts of them."""

    sources: Collection[str]
    by_ending: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, corpus: Corpus) -> "_Sources":
        sources = frozenset(document.source for document in corpus.documents())
        endings: dict[str, set[str]] = {}
        for source in sources:
            parts = source.split("/")
            for start in range(1, len(parts)):
                endings.setdefault("/".join(parts[start:]), set()).add(source)
        return cls(sources, {ending: frozenset(names) for ending, names in endings.items()})

    def called(self, name: str) -> frozenset[str]:
        """Return the sources that ``name`` means: the one that it is, else those that end in its parts."""
        name = name.removeprefix("./")
        return frozenset({name}) if name in self.sources else self.by_ending.get(name, frozenset())


def _compare(known: LabelledQuestion, answer: Answer, sources: frozenset[str], threshold: float) -> Outcome:
    answers = known.answers if known.answerable else ()
    citation = answer.citations[0] if answer.citations else None
    wanted = _wanted(known)
    cited = _holds_any(citation.quote if citation else "", wanted) if wanted else None
    return Outcome(
        question=known.question,
        line=known.line,
        answerable=known.answerable,
        expected=known.answers,
        expected_source=known.source,
        expected_quote=known.quote,
        answered=answer.answered and answer.confidence >= threshold,
        proposed=answer.answered,
        text=answer.text,
        confidence=answer.confidence,
        right=_is_right(answer.text, answers, cited) if known.answerable else False,
        exact=exact_match(answer.text, answers) if answers else None,
        f1=best_f1(answer.text, answers) if answers else None,
        cited=cited,
        source_rank=_rank(answer.passages, sources, ()) if _has_source(known) else None,
        passage_rank=_rank(answer.passages, sources if known.source else None, wanted) if wanted else None,
        cited_address=citation.address if citation else "",
        cited_source=citation.source if citation else "",
        cited_quote=citation.quote if citation else "",
        method=answer.method,
        notes=answer.notes,
    )


def _has_source(known: LabelledQuestion) -> bool:
    return known.answerable and bool(known.source)


def _wanted(known: LabelledQuestion) -> tuple[str, ...]:
    """Return the words of which the cited passage should hold some: the known quote, else the answers."""
    if not known.answerable:
        return ()
    return (known.quote,) if known.quote else known.answers


def _holds_any(text: str, wanted: Iterable[str]) -> bool:
    return any(holds(text, one) for one in wanted)


def _is_right(text: str, answers: Sequence[str], cited: bool | None) -> bool | None:
    if not answers:
        return cited
    return best_f1(text, answers) >= LEAST_F1 or _holds_any(text, answers)


def _rank(hits: Sequence[Hit], sources: frozenset[str] | None, wanted: Sequence[str]) -> int:
    """Return the place of the first hit that is of one of ``sources`` and holds one of ``wanted``; 0: none.
    None, or none wanted: that does not matter.
    """
    for rank, hit in enumerate(hits, start=1):
        passage = hit.passage
        if (sources is None or passage.source in sources) and (
            not wanted or _holds_any(passage.text, wanted)
        ):
            return rank
    return 0


def _report(outcomes: Sequence[Outcome], top_k: int, threshold: float) -> Report:
    answerable = [one for one in outcomes if one.answerable]
    judged = [one for one in outcomes if one.right is not None]
    proposed = [one for one in judged if one.proposed]
    confidences, right = [one.confidence for one in proposed], [bool(one.right) for one in proposed]
    curve, bins = risk_coverage(confidences, right, len(judged)), reliability(confidences, right)
    shares = {
        **_recalls("", [one.source_rank for one in answerable], top_k),
        **_recalls("passage_", [one.passage_rank for one in answerable], top_k),
        "source_rr": [
            1 / rank if rank else 0.0 for one in answerable if (rank := one.source_rank) is not None
        ],
        "answered": [float(one.answered) for one in answerable],
        "exact": [one.exact * one.answered for one in answerable if one.exact is not None],
        "f1": [one.f1 * one.answered for one in answerable if one.f1 is not None],
        "cited": [float(one.cited) for one in answerable if one.answered and one.cited is not None],
        "false_answers": [float(one.answered) for one in outcomes if not one.answerable],
        "accuracy": [float(bool(one.right) if one.answered else not one.answerable) for one in judged],
    }
    over = {name: len(values) for name, values in shares.items()}
    over |= dict.fromkeys(("auroc", "calibration_error"), len(proposed)) | {"aurc": len(judged)}
    return Report(
        questions=len(outcomes),
        top_k=top_k,
        min_confidence=threshold,
        **{name: sum(values) / len(values) if values else None for name, values in shares.items()},
        auroc=auroc(
            [one.confidence for one in proposed if one.right],
            [one.confidence for one in proposed if not one.right],
        ),
        calibration_error=calibration_error(bins),
        aurc=area_under(curve),
        recommended=recommended(curve, TOLERATED_RISK),
        over=over,
        curve=curve,
        bins=bins,
        outcomes=tuple(outcomes),
    )


def _recalls(prefix: str, ranks: Iterable[int | None], top_k: int) -> dict[str, list[float]]:
    """Return whether each known rank is among the first 1, 3 and ``top_k``; nothing where so many are not
    read.
    """
    known = [rank for rank in ranks if rank is not None]
    return {
        f"{prefix}recall_at_{name}": [float(0 < rank <= depth) for rank in known if depth <= top_k]
        for name, depth in (("1", 1), ("3", 3), ("k", top_k))
    }
