"""What the page's events do, without a browser: an answer that grows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pincite.index.corpus import Corpus
from pincite.ui.chat import _Desk
from tests.fakes import FakeEncoder
from tests.llm_server import Reply, Server, claims_in_json

TEXT = "The tidal mill was built in 1742 [3]. It has two wheels. Nobody lives there."
UNCHANGED = object()


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    with Corpus.open(tmp_path / "corpus", encoder=FakeEncoder()) as opened:
        opened.add_text(TEXT, source="mill.txt")
        yield opened


def test_an_llms_answer_is_shown_as_it_grows(corpus: Corpus, server: Server) -> None:
    claims = ("It was built in 1742.", "P1", "built in 1742"), ("It has <b>two wheels.", "P1", "two wheels")
    server.replies.append(Reply(claims_in_json(*claims)))
    desk = _Desk(corpus, server.llm, None, unchanged=UNCHANGED)
    shown = [conversation for _, _, conversation, _, _ in desk.answer("When was the mill built?", ())]
    assert ["It was built in 1742." in page for page in shown] == [False, True, True, True]
    assert ["It has &lt;b&gt;two wheels." in page for page in shown] == [False, False, True, True]
    assert ["pc-busy" in page for page in shown] == [True, True, True, False]
    assert not any("<b>" in page for page in shown)


def test_stopping_an_answer_stops_the_llm(corpus: Corpus, server: Server) -> None:
    growing = claims_in_json(("It was built in 1742.", "P1", "built in 1742"))[:-2]
    server.replies.append(Reply(pieces=(growing,), hangs=True))
    steps = _Desk(corpus, server.llm, None, unchanged=UNCHANGED).answer("When was the mill built?", ())
    assert "It was built in 1742." in [next(steps)[2], next(steps)[2]][1]
    steps.close()  # type: ignore[attr-defined]
    assert server.left.wait(5)


def test_a_follow_up_leans_on_what_was_searched_for_before(corpus: Corpus) -> None:
    desk = _Desk(corpus, None, None, unchanged=UNCHANGED)
    *_, (_, _, _, _, exchanges) = desk.answer("When was the tidal mill built?", ())
    *_, (_, _, page, _, exchanges) = desk.answer("and how many wheels does it have?", exchanges)
    assert "Searched for: how many wheels does the tidal mill have?" in page
    assert exchanges[-1].answer.text == "two"
