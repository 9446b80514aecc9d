"""Asking a server that nobody here wrote: whole and in pieces, and what it counts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import pincite
from pincite import Answer, AnswererUnavailable, Corpus
from pincite.generating import Generator
from tests.fakes import FakeEncoder
from tests.rag.conftest import CITED, ENDLESS, REPLIES
from tests.real_llm_server import RealServer

TEXT = "The tidal mill was built in 1742 [3]. It has two wheels. Nobody lives there."
BABBLED = "Who lives in the mill?"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that answers nobody."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def corpus(tmp_path: Path, fake_encoder: FakeEncoder) -> Iterator[Corpus]:
    with Corpus.open(tmp_path / "corpus", encoder=fake_encoder) as opened:
        opened.add_text(TEXT, source="mill.txt")
        yield opened


def test_what_a_real_llm_says_is_cited_from_the_document(real_server: RealServer, corpus: Corpus) -> None:
    answer = pincite.ask(CITED, corpus, llm=real_server.llm)
    assert (answer.text, answer.method) == ("The mill was built in 1742. It has two wheels.", "llm:tiny")
    assert [citation.quote for citation in answer.citations] == [
        "mill was built in 1742",
        "It has two wheels",
    ]
    assert [corpus.text(c.document_id)[c.start : c.end] for c in answer.citations] == [
        citation.quote for citation in answer.citations
    ]
    assert answer.notes == ()


def test_the_pieces_of_a_real_llms_answer_are_the_answer(real_server: RealServer, corpus: Corpus) -> None:
    *pieces, answer = pincite.stream(CITED, corpus, llm=real_server.llm)
    assert isinstance(answer, Answer)
    assert len(pieces) == 2
    assert "".join(map(str, pieces)) == answer.text == "The mill was built in 1742. It has two wheels."


def test_the_reader_answers_for_a_real_llm_that_babbles(real_server: RealServer, corpus: Corpus) -> None:
    alone = pincite.ask(BABBLED, corpus)
    answer = pincite.ask(BABBLED, corpus, llm=real_server.llm)
    assert (answer.text, answer.citations, answer.method) == (alone.text, alone.citations, "reader")
    assert answer.passages == alone.passages
    assert "not in the asked form" in " ".join(answer.notes)


def test_without_fallback_a_real_llm_that_babbles_is_an_error(
    real_server: RealServer, corpus: Corpus
) -> None:
    with pytest.raises(
        AnswererUnavailable, match=r"tiny at 127\.0\.0\.1:\d+ answered .* not in the asked form"
    ):
        pincite.ask(BABBLED, corpus, llm=real_server.llm, fallback=False)


def test_a_generator_finds_in_the_passages_what_a_real_llm_quotes(
    real_server: RealServer, corpus: Corpus
) -> None:
    draft = Generator.from_llm(real_server.llm).answer(CITED, corpus.search(CITED))
    assert [claim.status for claim in draft.claims] == ["quoted", "quoted"]
    assert [support.start for claim in draft.claims for support in claim.supports] == [
        TEXT.index("mill"),
        TEXT.index("It has"),
    ]


def test_a_model_that_a_real_server_does_not_have_is_an_error_with_its_status(
    real_server: RealServer, corpus: Corpus
) -> None:
    llm = real_server.llm.replace("#tiny", "#huge")
    with pytest.raises(AnswererUnavailable, match=r"huge at 127\.0\.0\.1:\d+ did not answer: HTTP 400"):
        pincite.ask(CITED, corpus, llm=llm, fallback=False)
    answer = pincite.ask(CITED, corpus, llm=llm)
    assert answer.method == "reader"
    assert "HTTP 400" in answer.notes[-1]


def body(content: str, **options: Any) -> dict[str, Any]:
    message = {"role": "user", "content": content}
    return {"model": "tiny", "temperature": 0, "messages": [message], **options}


def events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """The JSON of each server-sent event."""
    for line in response.iter_lines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


def usage_of(content: str) -> dict[str, int]:
    """One token for each byte, for each end of a message and for the head of the reply, and one for each word
    of the reply and its end.
    """
    prompt = len(f"user: {content}".encode()) + 2
    completion = len(REPLIES[CITED].text.split()) + 1
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


@pytest.fixture
def client(real_server: RealServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=real_server.url, trust_env=False, timeout=30) as opened:
        yield opened


def test_a_real_server_counts_the_tokens_of_a_whole_reply(client: httpx.Client) -> None:
    question = f"{CITED} Où ?"
    reply = client.post("/v1/chat/completions", json=body(question)).raise_for_status().json()
    assert reply["usage"] == usage_of(question)
    (choice,) = reply["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (REPLIES[CITED].text, "stop")


def test_a_real_server_counts_the_tokens_of_a_reply_in_pieces(client: httpx.Client) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    with client.stream("POST", "/v1/chat/completions", json=body(CITED, **options)) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        received = list(events(response.raise_for_status()))
    deltas = [choice["delta"].get("content", "") for event in received for choice in event["choices"]]
    assert "".join(deltas) == REPLIES[CITED].text
    assert len(deltas) > len(REPLIES[CITED].text.split())
    assert [event["usage"] for event in received if "usage" in event] == [usage_of(CITED)]


def test_a_real_server_says_no_more_than_it_may(client: httpx.Client) -> None:
    reply = client.post("/v1/chat/completions", json=body(ENDLESS, max_tokens=5)).raise_for_status().json()
    assert reply["choices"][0]["finish_reason"] == "length"
    assert reply["usage"]["completion_tokens"] == 5


def test_a_real_server_stops_when_its_reply_is_not_read_to_the_end(client: httpx.Client) -> None:
    with client.stream("POST", "/v1/chat/completions", json=body(ENDLESS, stream=True)) as response:
        received = events(response)  # kept, for its end would be the end of the response
        (choice,) = next(received)["choices"]
        assert choice["delta"] == {"role": "assistant"}
    # It gives one reply at a time, and would be busy with that one beyond the time that is allowed here.
    reply = client.post("/v1/chat/completions", json=body(CITED), timeout=10).raise_for_status().json()
    assert reply["choices"][0]["message"]["content"] == REPLIES[CITED].text


def test_an_answer_that_is_not_read_to_the_end_stops_a_real_llm(
    real_server: RealServer, corpus: Corpus, client: httpx.Client
) -> None:
    pieces = pincite.stream(ENDLESS, corpus, llm=real_server.llm)
    assert next(pieces) == "The mill was built in 1742."
    pieces.close()  # type: ignore[attr-defined]
    reply = client.post("/v1/chat/completions", json=body(CITED), timeout=10).raise_for_status().json()
    assert reply["choices"][0]["message"]["content"] == REPLIES[CITED].text
