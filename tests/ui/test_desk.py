"""What the page's events do, without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pincite.index.corpus import Corpus
from pincite.ui.desk import SAME, Desk, Exchanges, Shown
from pincite.ui.scope import Scope
from pincite.ui.words import CHINESE, ENGLISH
from tests.fakes import FakeEncoder
from tests.llm_server import Reply, Server, claims_in_json

TEXT = "The tidal mill was built in 1742 [3]. It has two wheels. Nobody lives there."
EVERYWHERE = Scope()


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    with Corpus.open(tmp_path / "corpus", encoder=FakeEncoder()) as opened:
        opened.add_text(TEXT, source="mill.txt")
        yield opened


def asked(desk: Desk, question: str, before: Exchanges = (), scope: Scope = EVERYWHERE) -> Shown:
    """Return the page once a question is answered."""
    steps = desk.answer(question, scope, before, ENGLISH)
    return next(step for step in steps if step.exchanges is not SAME)


def test_an_llms_answer_is_shown_as_it_grows(corpus: Corpus, server: Server) -> None:
    claims = ("It was built in 1742.", "P1", "built in 1742"), ("It has <b>two wheels.", "P1", "two wheels")
    server.replies.append(Reply(claims_in_json(*claims)))
    desk = Desk(corpus, server.llm)
    steps = list(desk.answer("When was the mill built?", EVERYWHERE, (), ENGLISH))
    pending = [step.pending for step in steps]
    assert ["It was built in 1742." in html for html in pending] == [False, True, True, False]
    assert ["It has &lt;b&gt;two wheels." in html for html in pending] == [False, False, True, False]
    assert ["pc-busy" in html for html in pending] == [True, True, True, False]
    assert "It has &lt;b&gt;two wheels." in steps[-1].conversation
    assert not any("<b>" in html for html in (*pending, steps[-1].conversation))


def test_stopping_an_answer_stops_the_llm_and_keeps_what_was_verified(corpus: Corpus, server: Server) -> None:
    growing = claims_in_json(("It was built in 1742.", "P1", "built in 1742"))[:-2]
    server.replies.append(Reply(pieces=(growing,), hangs=True))
    desk = Desk(corpus, server.llm)
    steps = desk.answer("When was the mill built?", EVERYWHERE, (), ENGLISH)
    underway = next(steps).underway
    assert "It was built in 1742." in next(steps).pending
    desk.stop(underway)
    [shown] = steps
    assert "It was built in 1742." in shown.conversation
    assert ENGLISH.stopped in shown.conversation
    assert (shown.pending, shown.underway) == ("", None)
    assert [one.said for one in shown.exchanges] == ["It was built in 1742."]


def test_a_question_that_is_forgotten_leaves_nothing(corpus: Corpus) -> None:
    desk = Desk(corpus)
    before = asked(desk, "When was the mill built?").exchanges
    steps = desk.answer("Who lives there?", EVERYWHERE, before, ENGLISH)
    desk.stop(next(steps).underway, forget=True)
    [shown] = steps
    assert shown == desk.begin_anew(ENGLISH)


def test_a_follow_up_leans_on_what_was_searched_for_before(corpus: Corpus) -> None:
    desk = Desk(corpus)
    before = asked(desk, "When was the tidal mill built?").exchanges
    shown = asked(desk, "and how many wheels does it have?", before)
    assert "Searched for: how many wheels does the tidal mill have?" in shown.conversation
    answer = shown.exchanges[-1].answer
    assert answer is not None
    assert answer.text == "two"


def test_a_question_can_be_asked_of_some_documents(corpus: Corpus) -> None:
    corpus.add_text("The tidal mill was built in 1911.", source="other.txt", metadata={"publisher": "3 6 Ke"})
    desk = Desk(corpus)
    assert desk.choices(EVERYWHERE) == (["mill.txt", "other.txt"], ["3 6 Ke"])
    assert desk.choices(Scope(("gone.txt",), ("Nobody",))) == (
        ["gone.txt", "mill.txt", "other.txt"],
        ["3 6 Ke", "Nobody"],
    )
    shown = asked(desk, "When was the tidal mill built?", scope=Scope(publishers=("36Ke",)))
    answer = shown.exchanges[-1].answer
    assert answer is not None
    assert (answer.text, {hit.passage.source for hit in answer.passages}) == ("1911", {"other.txt"})
    assert "Asked of: 36Ke" in shown.conversation


@pytest.mark.parametrize("scope", [Scope(since="last year"), Scope(sources=("nowhere.txt",))])
def test_a_scope_that_holds_nothing_is_a_problem_or_not_answered(corpus: Corpus, scope: Scope) -> None:
    [exchange] = asked(Desk(corpus), "When was the tidal mill built?", scope=scope).exchanges
    assert ("is no date" in exchange.problem) == (scope.since != "")
    assert exchange.answer is None or not exchange.answer.answered


def test_a_question_that_is_too_long_stays_and_is_not_asked(corpus: Corpus) -> None:
    [shown] = Desk(corpus).answer("a" * 2001, EVERYWHERE, (), ENGLISH)
    assert "A question may have 2,000 characters at most: this one has 2,001." in shown.hint
    assert (shown.question, shown.exchanges) == ("a" * 2001, SAME)
    assert len(asked(Desk(corpus), "a" * 2000).exchanges) == 1


def test_an_empty_question_is_not_asked(corpus: Corpus) -> None:
    [shown] = Desk(corpus).answer(" ", EVERYWHERE, (), CHINESE)
    assert CHINESE.empty_question in shown.hint
    assert shown.exchanges is SAME


def test_a_conversation_that_begins_anew_is_empty(corpus: Corpus) -> None:
    shown = Desk(corpus).begin_anew(CHINESE)
    assert CHINESE.welcome in shown.conversation
    assert (shown.exchanges, shown.underway, shown.pending) == ((), None, "")


def test_a_question_says_what_it_is_asked_of_while_it_is_answered(corpus: Corpus) -> None:
    steps = Desk(corpus).answer("When was the mill built?", Scope(sources=("mill.txt",)), (), ENGLISH)
    assert "Asked of: mill.txt" in next(steps).pending
    assert "Asked of: mill.txt" in list(steps)[-1].conversation
