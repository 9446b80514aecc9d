"""From ranked candidates to claims."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pincite.candidates import FEATURES, Candidate, Candidates
from pincite.composing import MOST_CITED, MOST_ITEMS, Selection, compose, select
from pincite.evidence import gather
from pincite.index.document import Span
from pincite.index.passages import Passage
from pincite.index.retrieval import Hit
from pincite.questions import Question
from pincite.span_reader import Phrase


def candidate(sentence: str, phrase: str, source: str = "notes.txt", margin: float = 5.0) -> Candidate:
    passage = Passage(source, source, "", "", 100, 100 + len(sentence), sentence, (), None)
    [found] = gather(Question.of("Mill?"), [Hit(passage, 1.0, 0.5, 3.0)]).sentences
    start = sentence.index(phrase)
    return Candidate(found, Phrase(Span(start, start + len(phrase)), margin))


def measured(*candidates: Candidate, **columns: list[float]) -> Candidates:
    names = FEATURES[True]
    features = np.ones((len(candidates), len(names)))
    for name, values in columns.items():
        features[:, names.index(name.replace("_", " "))] = values
    features[:, names.index("margin")] = [one.phrase.margin if one.phrase else 0.0 for one in candidates]
    return Candidates(candidates, features, True)


def scores(*values: float) -> NDArray[np.float64]:
    return np.array(values)


BOUGHT = candidate("Ada Pellow bought it in 1921.", "1921", "a.txt")
ALSO = candidate("Bought in 1921 by Ada Pellow.", "1921", "b.txt")
OTHERWISE = candidate("Ada Pellow bought it in 1923.", "1923", "c.txt")
WHEN = Question.of("When did Ada Pellow buy it?")


def test_the_same_answer_in_several_passages_is_one_claim_with_several_citations() -> None:
    candidates = measured(BOUGHT, ALSO)
    found = select(WHEN, candidates, scores(1, 2))
    assert found == Selection((1,), is_conflict=False, lead=0.0)
    [claim] = compose(WHEN, candidates, scores(1, 2), found, 0.8)
    assert claim.text == "1921"
    assert [(one.passage.source, one.start) for one in claim.supports] == [("b.txt", 100), ("a.txt", 100)]
    assert [one.score for one in claim.supports] == [0.8, pytest.approx(0.8 * np.exp(-1))]


def test_no_more_than_a_few_are_cited_and_none_that_is_far_behind() -> None:
    same = [candidate(f"Number {number}: in 1921.", "1921", f"{number}.txt") for number in range(9)]
    values = scores(*(-float(number > 6) * 9 for number in range(9)))
    [claim] = compose(WHEN, measured(*same), values, Selection((0,), False, 0.0), 0.8)
    assert len(claim.supports) == MOST_CITED
    values = scores(0, *[-9.0] * 8)
    [claim] = compose(WHEN, measured(*same), values, Selection((0,), False, 0.0), 0.8)
    assert len(claim.supports) == 1


def test_what_the_reader_takes_for_no_answer_is_not_cited_for_one() -> None:
    flood = candidate("The river rose in 1921.", "1921", "d.txt", margin=-1.0)
    candidates = measured(BOUGHT, flood)
    [claim] = compose(WHEN, candidates, scores(2, 1), select(WHEN, candidates, scores(2, 1)), 0.8)
    assert [one.passage.source for one in claim.supports] == ["a.txt"]


def test_documents_that_differ_are_both_shown() -> None:
    found = select(WHEN, measured(BOUGHT, ALSO, OTHERWISE), scores(2, 1.5, 1))
    assert found == Selection((0, 2), is_conflict=True, lead=0.0)


@pytest.mark.parametrize(
    ("other", "columns", "value"),
    [
        (candidate("It was bought in 1923.", "1923", "a.txt"), {}, 1.0),  # the same document
        (OTHERWISE, {"all_names_in_passage": [1.0, 0.0]}, 1.0),  # about somebody else
        (OTHERWISE, {"coverage_around": [1.0, 0.5]}, 1.0),  # about something else
        (OTHERWISE, {}, -5.0),  # far behind
        (candidate("Bought in 1923.", "1923", "c.txt", margin=-1.0), {}, 1.0),  # "none" is likelier
        (candidate("Bought in March 1921.", "March 1921", "c.txt"), {}, 1.0),  # says the same
        (candidate("Bought on 12 March.", "12 March", "c.txt"), {}, 1.0),  # says another part of it
        (candidate("Bought late by Ada Pellow.", "late", "c.txt"), {}, 1.0),  # says nothing definite
    ],
)
def test_what_is_no_other_answer_to_the_same_question_is_no_conflict(
    other: Candidate, columns: dict[str, list[float]], value: float
) -> None:
    found = select(WHEN, measured(BOUGHT, other, **columns), scores(2, value))
    assert (found.shown, found.is_conflict) == ((0,), False)


def test_the_lead_is_over_the_best_that_is_not_shown() -> None:
    third = candidate("It was sold in 1950.", "1950", "a.txt")
    assert select(WHEN, measured(BOUGHT, ALSO, third), scores(4, 3, 1)).lead == 3.0


def test_a_list_collects_what_is_near_the_best_from_all_documents() -> None:
    names = ["Ada", "Ben", "Cleo", "Ada"]
    members = [candidate(f"{name} is a member.", name, f"{place}.txt") for place, name in enumerate(names)]
    asked = Question.of("Which members are there?")
    found = select(asked, measured(*members), scores(3, 2.5, -3, 2))
    assert found.shown == (0, 1)
    claims = compose(asked, measured(*members), scores(3, 2.5, -3, 2), found, 0.9)
    assert [claim.text for claim in claims] == ["Ada", "Ben"]
    assert [one.passage.source for one in claims[0].supports] == ["0.txt", "3.txt"]
    many = [candidate(f"{name} is a member.", name, f"{name}.txt") for name in "ABCDEFGHIJKLM"]
    assert len(select(asked, measured(*many), np.zeros(len(many))).shown) == MOST_ITEMS


def test_a_reason_is_given_as_its_sentence() -> None:
    asked = Question.of("Why did Ada Pellow buy it?")
    candidates = measured(BOUGHT, OTHERWISE)
    found = select(asked, candidates, scores(2, 1))
    [claim] = compose(asked, candidates, scores(2, 1), found, 0.8)
    assert (claim.text, found.is_conflict) == ("Ada Pellow bought it in 1921.", False)


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("12 mills", "twelve mills", False),
        ("1,200 mills", "1200", False),
        ("1,200 mills", "1,350 mills", True),
        ("1200 mills", "950 mills", True),
        ("5 million", "5,000,000", False),
        ("2.50 m", "2.5 m", False),
        ("Ada Pellow", "Ada", False),
        ("Ada Pellow", "Ben Carne", True),
    ],
)
def test_phrases_differ_by_their_figures_else_by_their_words(one: str, other: str, differ: bool) -> None:
    kind = "How many are there?" if one[0].isdigit() else "Who is there?"
    pair = (candidate(f"{text} here.", text, f"{text}.txt") for text in (one, other))
    assert select(Question.of(kind), measured(*pair), scores(2, 1)).is_conflict is differ
