"""The gate between an answerer and the user."""

import pytest

from pincite.answers import Answer, Draft, DraftClaim, Support, escape_markdown
from pincite.citing import settle
from pincite.index.document import Point
from pincite.index.errors import CorpusDamaged
from pincite.index.passages import Passage
from pincite.index.retrieval import Hit

TEXT = "Group 1 - Rain fell [2] - Rivers rose by half [2][3]"
POINTS = (Point(10, 19, "Rain fell", 1, ("2",)), Point(26, 45, "Rivers rose by half", 2, ("2", "3")))
PASSAGE = Passage(
    "d1", "news/weather.txt", "Weather", "Group 1", 10, 45, TEXT[10:45], ("2", "3"), None, POINTS
)
HITS = (Hit(PASSAGE, 1.0, 0.5, 2.0),)
RAIN = Support(PASSAGE, 10, 19, 0.9)
RIVERS = Support(PASSAGE, 26, 45, 0.8)


def settled(
    *claims: DraftClaim, confidence: float = 0.9, min_confidence: float = 0.5, text: str = TEXT
) -> Answer:
    draft = Draft(claims, confidence, "reader")
    return settle("What?", draft, HITS, {"d1": text}.__getitem__, min_confidence=min_confidence, seconds=0.1)


def test_a_citation_is_the_documents_text_with_its_address_and_references() -> None:
    answer = settled(DraftClaim("by half", (RIVERS,)))
    (citation,) = answer.citations
    assert TEXT[citation.start : citation.end] == citation.quote == "Rivers rose by half"
    assert citation.address == "weather.txt › Group 1 › point 2"
    assert citation.references == ("2", "3")
    assert (citation.number, citation.title, answer.text, answer.answered) == (1, "Weather", "by half", True)


def test_claims_share_the_number_of_a_shared_citation() -> None:
    answer = settled(DraftClaim("rain", (RAIN,)), DraftClaim("both", (RIVERS, RAIN)))
    assert [claim.citations for claim in answer.claims] == [(1,), (2, 1)]
    assert answer.text == "rain; both"
    assert answer.marked_text() == "rain [1]; both [2][1]"


def test_a_span_that_two_claims_cite_is_one_citation_with_the_better_score() -> None:
    poorer = Support(RAIN.passage, RAIN.start, RAIN.end, RAIN.score / 2)
    answer = settled(DraftClaim("rain", (poorer,)), DraftClaim("both", (RAIN,)))
    assert [claim.citations for claim in answer.claims] == [(1,), (1,)]
    assert [citation.score for citation in answer.citations] == [RAIN.score]


def test_caveats_are_told_with_the_answer_only() -> None:
    draft = Draft((DraftClaim("rain", (RAIN,)),), 0.5, "reader", ("slow",), ("both are shown",))
    for threshold, notes in ((0.4, ("slow", "both are shown")), (0.6, ("slow",))):
        answer = settle("What?", draft, HITS, lambda _: TEXT, min_confidence=threshold, seconds=0.1)
        assert answer.notes == notes


@pytest.mark.parametrize(
    ("sources", "addresses"),
    [
        (("a/mill.txt", "b/mill.txt"), ["a/mill.txt", "b/mill.txt"]),
        (("mill.txt", "copy/mill.txt"), ["mill.txt", "copy/mill.txt"]),
        (("x/a/mill.txt", "y/a/mill.txt"), ["x/a/mill.txt", "y/a/mill.txt"]),
        (("a/mill.txt", "b/tea.txt"), ["mill.txt", "tea.txt"]),
        (("mail.eml/mill.txt", "post.eml/mill.txt"), ["mail.eml › mill.txt", "post.eml › mill.txt"]),
    ],
)
def test_files_of_one_name_are_told_apart_by_their_folders(
    sources: tuple[str, str], addresses: list[str]
) -> None:
    passages = [Passage(source, source, "", "", 0, 4, "Rain", (), None) for source in sources]
    claims = tuple(DraftClaim(one.source, (Support(one, 0, 4, 0.9),)) for one in passages)
    draft = Draft(claims, 0.9, "reader")
    answer = settle("What?", draft, (), lambda _: "Rain", min_confidence=0.5, seconds=0.1)
    assert [citation.address for citation in answer.citations] == addresses


def test_phrases_are_parted_and_sentences_are_not() -> None:
    texts = ("Pellow & Co.", "1,200", "水车", "It rained.", "So it was")
    answer = settled(*(DraftClaim(text, (RAIN,)) for text in texts))
    assert answer.text == "Pellow & Co.; 1,200; 水车；It rained. So it was"
    assert answer.marked_text().startswith("Pellow & Co. [1]; 1,200 [1]; ")


def test_what_no_document_says_is_listed_but_no_part_of_the_text() -> None:
    answer = settled(DraftClaim("rain", (RAIN,)), DraftClaim("snow", (), "unsupported"))
    assert (answer.text, answer.marked_text()) == ("rain", "rain [1]")
    assert [claim.status for claim in answer.claims] == ["quoted", "unsupported"]


def test_an_llm_answer_that_its_quotes_do_not_bear_out_is_noted() -> None:
    draft = Draft((DraftClaim("rain", (RAIN,)),), 0.3, "llm:m")
    answer = settle("What?", draft, HITS, lambda _: TEXT, min_confidence=0.5, seconds=0.1)
    assert not answer.answered
    assert "llm:m" in answer.notes[0]


def test_below_the_threshold_nothing_is_answered_or_cited_but_the_passages_are_shown() -> None:
    answer = settled(DraftClaim("rain", (RAIN,)), confidence=0.49)
    assert (answer.text, answer.answered, answer.citations, answer.claims) == ("", False, (), ())
    assert answer.passages == HITS
    assert answer.confidence == 0.49


def test_a_span_that_is_not_the_documents_text_is_refused() -> None:
    with pytest.raises(CorpusDamaged, match=r"news/weather\.txt: characters 10-19"):
        settled(DraftClaim("rain", (RAIN,)), text=TEXT.replace("Rain", "Snow"))


@pytest.mark.parametrize(("start", "end"), [(0, 19), (10, 50), (19, 19), (30, 20)])
def test_a_span_outside_its_passage_is_refused(start: int, end: int) -> None:
    with pytest.raises(CorpusDamaged):
        settled(DraftClaim("rain", (Support(PASSAGE, start, end, 1.0),)))


def test_markdown_shows_document_text_as_it_stands() -> None:
    text = TEXT.replace("Rain fell", "<b>*![x]*")
    passage = Passage("d1", "w.txt", "", "", 10, 19, "<b>*![x]*", (), None)
    answer = settled(DraftClaim("*bold*", (Support(passage, 10, 19, 1.0),)), text=text)
    assert answer.to_markdown() == ("\\*bold\\* [1]\n\n1. “\\<b\\>\\*\\!\\[x\\]\\*” — w.txt")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("1742. It rained.", "1742\\. It rained."),
        ("1.5 m, on 3. May", "1.5 m, on 3. May"),
        ("https://a.example/b WWW.a.example", "https\\://a.example/b WWW\\.a.example"),
    ],
)
def test_markdown_makes_no_list_and_no_link_of_an_answer(text: str, escaped: str) -> None:
    assert escape_markdown(text) == escaped


def test_markdown_names_the_claims_that_no_quote_bears_out() -> None:
    claims = (DraftClaim("rain", (RAIN,)), DraftClaim("500 fish", (), "unsupported"))
    assert settled(*claims).to_markdown().endswith("(source ref. 2)\n\n- unsupported: 500 fish")


def test_the_dictionary_has_the_fields_of_the_answer_and_an_address_for_each_passage() -> None:
    plain = settled(DraftClaim("rain", (RAIN,))).to_dict()
    assert plain["passages"][0]["passage"]["address"] == "weather.txt › Group 1 › points 1–2"
    assert plain["citations"][0]["quote"] == "Rain fell"
    assert plain["answered"] is True
