"""Candidate answers and what they are measured by; the reader is scripted where its scores matter."""

import math
from collections.abc import Sequence

import pytest

from pincite.candidates import FEATURES, Candidates, excerpt_of, find_candidates
from pincite.index.document import Point, Span
from pincite.index.passages import Passage
from pincite.index.retrieval import Hit
from pincite.questions import Question
from pincite.span_reader import Excerpt, Phrase, SpanReader


class ScriptedReader(SpanReader):
    """Finds given phrases, each with its margin, wherever they stand."""

    def __init__(self, margins: dict[str, float]) -> None:
        self._margins = margins

    def knows(self, text: str) -> bool:
        return True

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[list[Phrase | None]]:
        return [[self._find(one.text, span) for span in one.sentences] for one in excerpts]

    def _find(self, text: str, sentence: Span) -> Phrase | None:
        for phrase, margin in self._margins.items():
            start = text.find(phrase, sentence.start, sentence.end)
            if start >= 0:
                return Phrase(Span(start, start + len(phrase)), margin)
        return None


def hit(text: str, source: str = "notes.txt", start: int = 0, **fields: object) -> Hit:
    passage = Passage(source, source, "", "", start, start + len(text), text, (), None)
    for name, value in fields.items():
        object.__setattr__(passage, name, value)
    return Hit(passage, 1.0, 0.5, 3.0)


def find(question: str, hits: Sequence[Hit], margins: dict[str, float]) -> Candidates:
    return find_candidates(Question.of(question), hits, ScriptedReader(margins))


def row(candidates: Candidates, place: int) -> dict[str, float]:
    return dict(zip(FEATURES[True], candidates.features[place].tolist(), strict=True))


def test_each_sentence_with_a_phrase_is_a_candidate_under_its_own_sentence() -> None:
    text = "The river rose. Ada Pellow bought the mill. Ben sold it."
    found = find("Who bought the mill?", [hit(text, start=40)], {"Ada Pellow": 3.0, "Ben": -2.0})
    assert [(one.text, one.sentence.text) for one in found.all] == [
        ("Ada Pellow", "Ada Pellow bought the mill."),
        ("Ben", "Ben sold it."),
    ]
    assert found.all[0].sentence.span.start == 40 + text.index("Ada")
    assert found.features.shape == (2, len(FEATURES[True]))


def test_phrases_are_measured_against_none_their_passage_and_the_others() -> None:
    hits = [
        hit("Ada bought the mill. Ben sold the mill."),
        hit("It was Ada."),
        hit("It was Cleo."),
    ]
    found = find("Who bought the mill?", hits, {"Ada": 2.0, "Ben": -1.0, "Cleo": 0.5})
    ada, ben, again, cleo = (row(found, place) for place in range(4))
    assert ada["margin"] == 2.0
    assert (ben["margin"], ben["best of passage"]) == (-1.0, 0.0)
    assert ada["best of passage"] == again["best of passage"] == cleo["best of passage"] == 1.0
    assert ada["agreement"] == again["agreement"] == pytest.approx(1 / (1 + math.exp(-2.0)))
    assert ben["agreement"] == cleo["agreement"] == 0.0


def test_an_echo_and_a_phrase_of_another_kind_are_told() -> None:
    text = "The tools it did build, 30, work."
    found = find("How many tools did the bank build?", [hit(text)], {"tools it did build": 1.0})
    assert row(found, 0)["repeats the question"] == 1.0
    assert row(found, 0)["answer of kind"] == 0.0


def test_without_a_reader_or_in_an_unknown_script_sentences_are_candidates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hits = [hit("Ada bought the mill. Ben sold it.")]
    found = find_candidates(Question.of("Who bought the mill?"), hits, None)
    assert [one.text for one in found.all] == ["Ada bought the mill.", "Ben sold it."]
    assert (found.has_phrases, found.features.shape) == (False, (2, len(FEATURES[False])))
    monkeypatch.setattr(ScriptedReader, "knows", lambda *_: False)
    assert not find("Хто?", hits, {"Ada": 1.0}).has_phrases


def test_references_are_no_part_of_a_phrase() -> None:
    text = "Ada [3] Pellow [4], a miller, bought it."
    found = find("Who bought it?", [hit(text)], {"Ada [3] Pellow [4],": 1.0})
    assert found.all[0].text == "Ada Pellow"
    assert found.all[0].key == "ada pellow"


def test_a_passage_is_read_under_its_title_and_heading_in_its_own_script() -> None:
    plain = hit("It rained.", title="Weather", group="2024 › May").passage
    assert excerpt_of(plain).context == "Weather\n2024 › May"
    foreign = hit("It rained.", title="天气报告", group="天气报告").passage
    assert excerpt_of(foreign).context == ""
    twice = hit("It rained.", title="Weather", group="Weather").passage
    assert excerpt_of(twice).context == "Weather"


@pytest.mark.parametrize(("group", "context"), [("Group 2", "News"), ("Group 2 › Rivers", "News\nRivers")])
def test_of_a_summary_s_group_only_its_title_is_read(group: str, context: str) -> None:
    text = "Rain fell [2] - Rivers rose"
    points = (Point(10, 19, text[:9], 1, ("2",)), Point(26, 37, text[16:], 2, ()))
    read = excerpt_of(hit(text, start=10, title="News", group=group, points=points).passage)
    assert read.context == context
    assert [text[span.start : span.end] for span in read.sentences] == ["Rain fell", "Rivers rose"]
