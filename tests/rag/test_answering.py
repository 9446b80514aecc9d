"""Asking with an LLM and without, whole and in pieces; a closed port stands for a server that is down."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pincite
from pincite import Answer, AnswererUnavailable, Corpus, Hit
from pincite.span_reader import SpanReader
from tests.fakes import FakeEncoder
from tests.llm_server import Reply, Server, claims_in_json

TEXT = "The tidal mill was built in 1742 [3]. It has two wheels. Nobody lives there."


@pytest.fixture
def corpus(tmp_path: Path, fake_encoder: FakeEncoder) -> Iterator[Corpus]:
    with Corpus.open(tmp_path / "corpus", encoder=fake_encoder) as opened:
        opened.add_text(TEXT, source="mill.txt")
        yield opened


@pytest.fixture
def llm_that_is_down() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/v1#mini"


def llm_saying(*claims: tuple[str, str]) -> Any:
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.core.llms import MockLLM

    entries = [{"text": text, "passage": "P1", "quote": quote} for text, quote in claims]

    class Scripted(MockLLM):
        def chat(self, messages: Any, **options: Any) -> ChatResponse:
            return ChatResponse(
                message=ChatMessage(role="assistant", content=json.dumps({"claims": entries}))
            )

    return Scripted(max_tokens=None)


def pieces_and_answer(stream: Iterator[str | Answer]) -> tuple[list[str], Answer]:
    *pieces, answer = stream
    assert isinstance(answer, Answer)
    return [piece for piece in pieces if isinstance(piece, str)], answer


TWO_CLAIMS = (
    ("It was built in 1742.", "tidal mill was built in 1742. It has two wheels"),
    ("It is empty.", "Nobody lives there"),
)


def test_an_llms_claims_are_cited_from_the_document(corpus: Corpus) -> None:
    answer = pincite.ask("When was the mill built?", corpus, llm=llm_saying(*TWO_CLAIMS))
    assert answer.text == "It was built in 1742. It is empty."
    assert [citation.quote for citation in answer.citations] == [
        "tidal mill was built in 1742 [3]. It has two wheels",
        "Nobody lives there",
    ]
    for citation in answer.citations:
        assert corpus.text(citation.document_id)[citation.start : citation.end] == citation.quote
    assert [claim.citations for claim in answer.claims] == [(1,), (2,)]
    assert answer.method.startswith("llm:")


@pytest.mark.parametrize("llm", [None, "two claims", "no claims"])
def test_the_pieces_of_a_stream_are_the_text_of_what_ask_returns(corpus: Corpus, llm: str | None) -> None:
    claims = TWO_CLAIMS if llm == "two claims" else ()
    options: dict[str, Any] = {"llm": llm_saying(*claims) if llm else None, "min_confidence": 0.0}
    pieces, answer = pieces_and_answer(pincite.stream("When was the mill built?", corpus, **options))
    asked = pincite.ask("When was the mill built?", corpus, **options)
    assert "".join(pieces) == answer.text
    assert len(pieces) == len(answer.claims) == {None: 1, "two claims": 2, "no claims": 0}[llm]
    assert answer.to_dict() | {"seconds": 0} == asked.to_dict() | {"seconds": 0}


CLAIM = ("It was built in 1742.", "P1", "tidal mill was built in 1742")


def test_a_claim_is_yielded_before_the_llm_has_ended_and_closing_stops_it(
    corpus: Corpus, server: Server
) -> None:
    server.replies.append(Reply(pieces=(claims_in_json(CLAIM)[:-2],), hangs=True))
    pieces = pincite.stream("When was the mill built?", corpus, llm=server.llm)
    assert next(pieces) == "It was built in 1742."
    pieces.close()  # type: ignore[attr-defined]
    assert server.left.wait(5)


def test_claims_wait_until_the_answer_is_confident_enough(corpus: Corpus, server: Server) -> None:
    corpus.add_text("Tea grows by the quay.", source="tea.txt")

    def labelled(body: dict[str, Any]) -> Reply:
        prompt = body["messages"][1]["content"]
        tea, mill = (re.findall(rf"(P\d)>\n{word}", prompt)[0] for word in ("Tea", "The tidal"))
        return Reply(claims_in_json(("Tea grows.", tea, "Tea grows"), (CLAIM[0], mill, CLAIM[2])))

    server.replies += [labelled] * 3
    question = "When was the tidal mill built?"
    for least, expected in ((None, 2), (0.5, 2), (1.0, 0)):
        pieces, answer = pieces_and_answer(
            pincite.stream(question, corpus, llm=server.llm, min_confidence=least)
        )
        assert (len(pieces), answer.answered) == (expected, expected > 0)
        assert "".join(pieces) == answer.text
    assert "below the bar that was set" in answer.notes[0]


def test_a_follow_up_is_searched_for_as_it_can_stand_alone(corpus: Corpus, server: Server) -> None:
    history = [pincite.Turn("When was the tidal mill built?", "1742")]
    answer = pincite.ask("and how many wheels does it have?", corpus, history=history)
    assert (answer.question, answer.text) == ("and how many wheels does it have?", "two")
    assert answer.standalone_question == "how many wheels does the tidal mill have?"
    server.replies += [
        Reply("How many wheels has the mill?"),
        Reply(claims_in_json(("Two.", "P1", "two wheels"))),
    ]
    answer = pincite.ask("and how many wheels does it have?", corpus, history=history, llm=server.llm)
    assert (answer.standalone_question, answer.text) == ("How many wheels has the mill?", "Two.")
    assert "Question: How many wheels has the mill?" in server.bodies[1]["messages"][1]["content"]


def test_an_llm_that_fails_at_the_follow_up_is_not_asked_for_the_answer(
    corpus: Corpus, server: Server
) -> None:
    server.replies.append(Reply(status=401, body="{}"))
    history = [pincite.Turn("When was the tidal mill built?", "1742")]
    answer = pincite.ask("how many wheels does it have?", corpus, history=history, llm=server.llm)
    assert (answer.method, answer.text) == ("reader", "two")
    assert answer.standalone_question == "how many wheels does the tidal mill have?"
    assert "HTTP 401" in answer.notes[0]
    assert len(server.bodies) == 1


def test_a_document_that_is_replaced_while_the_llm_writes_is_cited_as_it_was_shown(
    corpus: Corpus, server: Server
) -> None:
    def replace(body: dict[str, Any]) -> Reply:
        corpus.add_text(TEXT.replace("1742", "1842"), source="mill.txt")
        return Reply(claims_in_json(CLAIM))

    server.replies.append(replace)
    pieces, answer = pieces_and_answer(pincite.stream("When was the mill built?", corpus, llm=server.llm))
    assert pieces == [answer.text] == ["It was built in 1742."]
    assert [citation.quote for citation in answer.citations] == ["tidal mill was built in 1742"]
    assert len(server.bodies) == 1


def test_the_reader_begins_to_load_before_passages_are_searched_for(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    search = Corpus.search

    def noted(*arguments: Any, **options: Any) -> list[Hit]:
        steps.append("searched")
        return search(*arguments, **options)

    monkeypatch.setattr(SpanReader, "load_ahead", steps.append)
    monkeypatch.setattr(Corpus, "search", noted)
    assert pincite.ask("When was the mill built?", corpus).answered
    assert steps == ["When was the mill built?", "searched"]


def test_copies_of_a_file_do_not_crowd_out_what_else_there_is(corpus: Corpus) -> None:
    for number in range(5):
        corpus.add_text("The tidal mill was\nbuilt of oak.", source=f"copy-{number}.txt")
    corpus.add_text("A mill of wind was built elsewhere.", source="wind.txt")
    found = [hit.passage.source for hit in corpus.search("Of what was the tidal mill built?", top_k=3)]
    assert found == ["copy-0.txt", "copy-1.txt", "copy-2.txt"]
    answer = pincite.ask("Of what was the tidal mill built?", corpus, top_k=3)
    assert {hit.passage.source for hit in answer.passages} == {"copy-0.txt", "mill.txt", "wind.txt"}
    assert answer.passages[0].passage.source == "copy-0.txt"


def test_the_reader_answers_for_an_llm_that_is_down_and_says_so(
    corpus: Corpus, llm_that_is_down: str
) -> None:
    alone = pincite.ask("When was the mill built?", corpus)
    answer = pincite.ask("When was the mill built?", corpus, llm=llm_that_is_down)
    assert (answer.text, answer.citations, answer.method) == (alone.text, alone.citations, "reader")
    (note,) = answer.notes
    assert note.startswith("The LLM did not answer (mini at 127.0.0.1:")
    assert note.endswith("cannot be reached: is the server running?): this is the reader's answer.")


def refusal(status: int, message: str, **headers: str) -> Reply:
    return Reply(status=status, body=json.dumps({"error": {"message": message}}), headers=headers)


@pytest.mark.parametrize(
    ("replies", "cause"),
    [
        ([refusal(401, "wrong key")], "HTTP 401, wrong key"),
        ([refusal(404, "no such model")], "HTTP 404, no such model"),
        ([refusal(429, "slow down", **{"Retry-After": "0"})] * 3, "HTTP 429, slow down"),
        ([refusal(429, "quota", **{"Retry-After": "99"})], "it asks to wait for 99 seconds"),
        ([refusal(500, "out of memory")] * 3, "HTTP 500, out of memory"),
        ([Reply(pieces=('{"claims": [{"pas',), cut=True)] * 2, "broke off in the middle of its answer"),
        ([Reply('{"claims": [{"passage": }')] * 2, "wrote JSON that is broken"),
        ([Reply("I think 1742.")] * 2, "not in the asked form"),
        ([Reply("")] * 2, "answered nothing"),
        ([Reply(pieces=("x" * 10_000_000,))], "it sent more than 4 MB"),
    ],
)
@pytest.mark.parametrize("door", ["ask", "stream"])
def test_the_reader_answers_for_an_llm_that_fails_in_any_way(
    corpus: Corpus,
    server: Server,
    replies: list[Reply],
    cause: str,
    door: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pincite.llm.time.sleep", lambda seconds: None)
    question = "When was the mill built?"
    alone = pincite.ask(question, corpus)
    server.replies += replies
    if door == "ask":
        answer = pincite.ask(question, corpus, llm=server.llm)
    else:
        pieces, answer = pieces_and_answer(pincite.stream(question, corpus, llm=server.llm))
        assert "".join(pieces) == answer.text
    assert (answer.text, answer.citations, answer.method) == (alone.text, alone.citations, "reader")
    (note,) = answer.notes
    assert note.startswith(f"The LLM did not answer (mini at 127.0.0.1:{server.port}")
    assert cause in note
    assert server.replies == []


@pytest.mark.parametrize("door", [pincite.ask, lambda *a, **k: list(pincite.stream(*a, **k))])
def test_without_fallback_an_llm_that_is_down_is_an_error(
    corpus: Corpus, llm_that_is_down: str, door: Any
) -> None:
    with pytest.raises(AnswererUnavailable, match="cannot be reached"):
        door("When was the mill built?", corpus, llm=llm_that_is_down, fallback=False)


@pytest.mark.parametrize(
    ("question", "options", "problem"),
    [
        (" ", {}, "the question is empty"),
        ("When?", {"top_k": -1}, "top_k must be at least 1, got -1$"),
        ("When?", {"min_confidence": 1.5}, "between 0 and 1, got 1.5"),
        ("When?", {"llm": "qwen3"}, "llm must be"),
    ],
)
@pytest.mark.parametrize("door", [pincite.ask, lambda *a, **k: list(pincite.stream(*a, **k))])
def test_a_wrong_argument_is_refused(
    corpus: Corpus, question: str, options: dict[str, Any], problem: str, door: Any
) -> None:
    with pytest.raises(ValueError, match=problem):
        door(question, corpus, **options)


def test_a_document_that_is_replaced_in_the_middle_of_a_question_is_cited_as_it_now_is(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = corpus.search
    years = iter(["1842", "1942"])

    def search_then_replace(*arguments: Any, **options: Any) -> Any:
        hits = search(*arguments, **options)
        with Corpus.open(tmp_path / "corpus", encoder=FakeEncoder()) as writer:
            for year in years:
                writer.add_text(TEXT.replace("1742", year), source="mill.txt")
                break
        return hits

    monkeypatch.setattr(corpus, "search", search_then_replace)
    answer = pincite.ask("When was the tidal mill built?", corpus, min_confidence=0)
    (citation,) = answer.citations
    assert "1942" in citation.quote
    assert corpus.text(citation.document_id)[citation.start : citation.end] == citation.quote
