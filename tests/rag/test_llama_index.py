"""The query engine and the chat engine inside LlamaIndex's own classes, and the citations they give."""

import asyncio
import json
import re
import shutil
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, CompletionResponse, LLMMetadata, MessageRole
from llama_index.core.base.response.schema import AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.llms import CustomLLM, MockLLM
from llama_index.core.query_engine import RouterQueryEngine
from llama_index.core.schema import BaseNode, NodeWithScore, TextNode
from llama_index.core.selectors import LLMSingleSelector
from llama_index.core.tools import QueryEngineTool

from pincite.answering import ask, stream
from pincite.answers import Answer, Turn
from pincite.index.corpus import Corpus
from pincite.index.encoder import Encoder
from pincite.llama_index import (
    NOT_ANSWERED,
    CorpusChatEngine,
    CorpusQueryEngine,
    CorpusRetriever,
)
from tests.conftest import ROOT, SEEDS
from tests.samples import BANK, UNANSWERABLE

OCBC = "Singapore's OCBC Bank"

Engine = CorpusQueryEngine | CorpusChatEngine
Ask = Callable[..., Any]


def span(node: BaseNode) -> slice:
    assert isinstance(node, TextNode)
    assert node.start_char_idx is not None
    return slice(node.start_char_idx, node.end_char_idx)


def check_citations(nodes: list[NodeWithScore], answer: Answer, corpus: Corpus) -> None:
    """Each source node is a citation of the answer, and stands in the document it refers to."""
    assert [node.metadata["number"] for node in nodes] == [one.number for one in answer.citations]
    for node, citation in zip(nodes, answer.citations, strict=True):
        assert node.node.ref_doc_id == citation.document_id
        assert corpus.text(citation.document_id)[span(node.node)] == node.text == citation.quote
        assert node.score == node.metadata["score"] == citation.score
        assert node.metadata["references"] == ", ".join(citation.references)
        for field in ("document_id", "source", "title", "address", "start", "end"):
            assert node.metadata[field] == getattr(citation, field)


class ScriptedLLM(CustomLLM):
    """An LLM of LlamaIndex's that always says the same."""

    said: str

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="scripted")

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text=self.said)

    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> Generator[CompletionResponse, None, None]:
        yield self.complete(prompt)


def test_a_response_is_the_answer_with_its_citations(seeds_corpus: Corpus) -> None:
    response = CorpusQueryEngine(seeds_corpus).query(BANK)
    answer = ask(BANK, seeds_corpus)
    assert isinstance(response, Response)
    assert (str(response), response.response) == (OCBC, OCBC)
    assert response.source_nodes[0].metadata["address"] == "open-source-ai-race.txt › Group 2 › point 3"
    check_citations(response.source_nodes, answer, seeds_corpus)
    assert response.metadata == {
        "answered": True,
        "confidence": answer.confidence,
        "method": "reader",
        "standalone_question": BANK,
        "notes": answer.notes,
        "claims": [{"text": OCBC, "citations": (1,), "status": "quoted"}],
        "passages": [hit.passage.address for hit in answer.passages],
    }
    assert OCBC in response.get_formatted_sources()
    assert json.loads(json.dumps(response.metadata))["claims"][0]["citations"] == [1]


@pytest.mark.parametrize("streaming", [False, True])
def test_what_is_not_answered_says_so_and_cites_nothing(seeds_corpus: Corpus, streaming: bool) -> None:
    response = CorpusQueryEngine(seeds_corpus, streaming=streaming).query(UNANSWERABLE)
    assert str(response) == NOT_ANSWERED
    assert response.source_nodes == []
    assert response.metadata is not None
    assert (response.metadata["answered"], response.metadata["claims"]) == (False, [])
    assert len(response.metadata["passages"]) > 1


def test_a_streamed_response_has_its_sources_when_it_is_read(seeds_corpus: Corpus) -> None:
    engine = CorpusQueryEngine(seeds_corpus, streaming=True)
    response = engine.query(BANK)
    assert isinstance(response, StreamingResponse)
    assert response.source_nodes == []
    assert "".join(response.response_gen) == OCBC
    check_citations(response.source_nodes, ask(BANK, seeds_corpus), seeds_corpus)
    whole = engine.query(BANK)
    assert isinstance(whole, StreamingResponse)
    assert (str(whole), whole.get_response().metadata) == (OCBC, response.metadata)


def test_async_answers_are_the_same(seeds_corpus: Corpus) -> None:
    response = asyncio.run(CorpusQueryEngine(seeds_corpus).aquery(BANK))
    assert response == CorpusQueryEngine(seeds_corpus).query(BANK)

    async def read() -> tuple[str, AsyncStreamingResponse]:
        streamed = await CorpusQueryEngine(seeds_corpus, streaming=True).aquery(BANK)
        assert isinstance(streamed, AsyncStreamingResponse)
        return "".join([text async for text in streamed.async_response_gen()]), streamed

    text, streamed = asyncio.run(read())
    assert (text, streamed.source_nodes, streamed.metadata) == (
        OCBC,
        response.source_nodes,
        response.metadata,
    )


def test_chinese_is_answered_and_cited(seeds_corpus: Corpus) -> None:
    question = "合作社是哪一年成立的?"
    response = CorpusQueryEngine(seeds_corpus).query(question)
    assert response.metadata is not None
    assert response.metadata["answered"]
    assert response.source_nodes[0].metadata["source"] == "seeds/tea-cooperative.txt"
    check_citations(response.source_nodes, ask(question, seeds_corpus), seeds_corpus)


def test_an_llm_of_llama_index_answers(seeds_corpus: Corpus) -> None:
    quote = "Singapore's OCBC Bank has developed around 30 internal tools"
    claims = [
        {"text": "OCBC built them.", "passage": "P1", "quote": quote},
        {"text": "They are cheap.", "passage": "P1", "quote": "they are cheap"},
    ]
    llm = ScriptedLLM(said=json.dumps({"claims": claims}))
    response = CorpusQueryEngine(seeds_corpus, llm=llm, fallback=False, top_k=2).query(BANK)
    assert str(response) == "OCBC built them."
    assert [node.text for node in response.source_nodes] == [quote]
    assert response.metadata is not None
    assert response.metadata["method"] == "llm:scripted"
    assert [claim["status"] for claim in response.metadata["claims"]] == ["quoted", "unsupported"]
    assert len(response.metadata["passages"]) == 2


def test_tools_and_routers_of_llama_index_use_the_engine(seeds_corpus: Corpus) -> None:
    engine = CorpusQueryEngine(seeds_corpus)
    tool = QueryEngineTool.from_defaults(engine, name="documents", description="Answers from documents.")
    assert tool.call(BANK).content == OCBC
    assert asyncio.run(tool.acall(input=UNANSWERABLE)).content == NOT_ANSWERED
    chooses_first = ScriptedLLM(said=json.dumps([{"choice": 1, "reason": "only one"}]))
    streamed = QueryEngineTool.from_defaults(
        CorpusQueryEngine(seeds_corpus, streaming=True), description="Streams."
    )
    for one in (tool, streamed):
        router = RouterQueryEngine(
            selector=LLMSingleSelector.from_defaults(llm=chooses_first),
            query_engine_tools=[one],
            llm=MockLLM(),
        )
        response = router.query(BANK)
        assert str(response) == OCBC
        assert response.metadata is not None
        assert response.metadata["selector_result"].ind == 0
        assert response.metadata["answered"]


# The chat engine


def recording(turns: list[tuple[Turn, ...]], call: Ask) -> Ask:
    """Return ``ask`` or ``stream``, which writes down the history that it is given."""

    def record(question: str, corpus: Corpus, **options: Any) -> Any:
        turns.append(tuple(options["history"]))
        return call(question, corpus, **options)

    return record


@pytest.fixture
def histories(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Turn, ...]]:
    """The turns that each question was asked with."""
    turns: list[tuple[Turn, ...]] = []
    monkeypatch.setattr("pincite.llama_index.ask", recording(turns, ask))
    monkeypatch.setattr("pincite.llama_index.stream", recording(turns, stream))
    return turns


def said(engine: CorpusChatEngine) -> list[tuple[MessageRole, str | None]]:
    return [(message.role, message.content) for message in engine.chat_history]


def by_chat(engine: CorpusChatEngine, *arguments: Any) -> tuple[str, list[NodeWithScore]]:
    response = engine.chat(*arguments)
    return str(response), response.source_nodes


def by_stream_chat(engine: CorpusChatEngine, *arguments: Any) -> tuple[str, list[NodeWithScore]]:
    response = engine.stream_chat(*arguments)
    text = "".join(response.response_gen)
    assert str(response) == text
    return text, response.source_nodes


def by_achat(engine: CorpusChatEngine, *arguments: Any) -> tuple[str, list[NodeWithScore]]:
    response = asyncio.run(engine.achat(*arguments))
    return str(response), response.source_nodes


def by_astream_chat(engine: CorpusChatEngine, *arguments: Any) -> tuple[str, list[NodeWithScore]]:
    async def read() -> tuple[str, list[NodeWithScore]]:
        response = await engine.astream_chat(*arguments)
        text = "".join([piece async for piece in response.async_response_gen()])
        assert str(response) == text
        return text, response.source_nodes

    return asyncio.run(read())


DOORS = pytest.mark.parametrize("door", [by_chat, by_stream_chat, by_achat, by_astream_chat])


@DOORS
def test_a_conversation_is_kept_and_handed_on(
    seeds_corpus: Corpus,
    histories: list[tuple[Turn, ...]],
    door: Callable[..., tuple[str, list[NodeWithScore]]],
) -> None:
    engine = CorpusChatEngine(seeds_corpus, top_k=5)
    text, nodes = door(engine, BANK)
    assert text == OCBC
    check_citations(nodes, ask(BANK, seeds_corpus, top_k=5), seeds_corpus)
    assert door(engine, UNANSWERABLE) == (NOT_ANSWERED, [])
    assert said(engine) == [
        (MessageRole.USER, BANK),
        (MessageRole.ASSISTANT, OCBC),
        (MessageRole.USER, UNANSWERABLE),
        (MessageRole.ASSISTANT, NOT_ANSWERED),
    ]
    door(engine, BANK)
    assert histories == [(), (Turn(BANK, OCBC),), (Turn(BANK, OCBC), Turn(UNANSWERABLE, ""))]
    engine.reset()
    assert engine.chat_history == []
    door(engine, BANK)
    assert histories[-1] == ()


@DOORS
def test_a_history_given_replaces_the_one_kept(
    seeds_corpus: Corpus,
    histories: list[tuple[Turn, ...]],
    door: Callable[..., tuple[str, list[NodeWithScore]]],
) -> None:
    engine = CorpusChatEngine(seeds_corpus, chat_history=[ChatMessage(role="user", content="Old?")])
    given = [
        ChatMessage(role="system", content="Be kind."),
        ChatMessage(role="assistant", content="Hello!"),
        ChatMessage(role="user", content="One?"),
        ChatMessage(role="user", content="Two?"),
        ChatMessage(role="assistant", content=None),
        ChatMessage(role="tool", content="42"),
        ChatMessage(role="model", content="Two."),
    ]
    door(engine, BANK, given)
    assert histories == [(Turn("One?", ""), Turn("Two?", "Two."))]
    assert said(engine)[len(given) :] == [(MessageRole.USER, BANK), (MessageRole.ASSISTANT, OCBC)]
    assert len(given) == 7
    door(engine, BANK, [])
    assert histories[-1] == ()
    assert len(engine.chat_history) == 2


def test_a_chat_response_holds_the_whole_response(seeds_corpus: Corpus) -> None:
    response = CorpusChatEngine(seeds_corpus).chat(BANK)
    whole = CorpusQueryEngine(seeds_corpus).query(BANK)
    assert response.sources[0].raw_output == whole
    assert response.sources[0].content == OCBC
    assert (response.source_nodes, response.metadata) == (whole.source_nodes, whole.metadata)


def test_a_streamed_chat_is_printed_and_joins_the_history_at_its_end(
    seeds_corpus: Corpus, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = CorpusChatEngine(seeds_corpus)
    response = engine.stream_chat(BANK)
    assert engine.chat_history == []
    response.print_response_stream()
    assert capsys.readouterr().out == OCBC
    assert len(engine.chat_history) == 2
    assert response.sources[0].raw_output == CorpusQueryEngine(seeds_corpus).query(BANK)


def test_the_repl_of_llama_index_runs(
    seeds_corpus: Corpus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter([BANK, "exit", BANK, "exit"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    engine = CorpusChatEngine(seeds_corpus)
    engine.chat_repl()
    engine.streaming_chat_repl()
    assert capsys.readouterr().out.count(f"Assistant: {OCBC}\n") == 2


# What they share


def aquery(corpus: Corpus) -> Any:
    return CorpusQueryEngine(corpus).aquery(BANK)


def achat(corpus: Corpus) -> Any:
    return CorpusChatEngine(corpus).achat(BANK)


async def astream_chat(corpus: Corpus) -> Any:
    response = await CorpusChatEngine(corpus).astream_chat(BANK)
    return [text async for text in response.async_response_gen()]


@pytest.mark.parametrize("call", [aquery, achat, astream_chat])
def test_the_event_loop_goes_on_while_a_question_is_answered(
    seeds_corpus: Corpus, monkeypatch: pytest.MonkeyPatch, call: Callable[[Corpus], Any]
) -> None:
    goes_on = threading.Event()
    waited = []

    def slow_ask(question: str, corpus: Corpus, **options: Any) -> Answer:
        waited.append(goes_on.wait(20))
        return ask(question, corpus)

    def slow_stream(question: str, corpus: Corpus, **options: Any) -> Iterator[str | Answer]:
        waited.append(goes_on.wait(20))
        yield from stream(question, corpus)

    monkeypatch.setattr("pincite.llama_index.ask", slow_ask)
    monkeypatch.setattr("pincite.llama_index.stream", slow_stream)

    async def go_on() -> None:
        goes_on.set()

    async def both() -> None:
        await asyncio.gather(call(seeds_corpus), go_on())

    asyncio.run(both())
    assert waited == [True]


def test_a_stream_is_read_by_one_thread_and_closed_there(
    seeds_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    closed = threading.Event()

    def pieces(question: str, corpus: Corpus, **options: Any) -> Iterator[str]:
        try:
            for _ in range(9):
                threads.append(threading.get_ident())
                yield "rain "
        finally:
            threads.append(threading.get_ident())
            closed.set()

    monkeypatch.setattr("pincite.llama_index.stream", pieces)

    async def read_two() -> None:
        response = await CorpusChatEngine(seeds_corpus).astream_chat(BANK)
        texts = response.async_response_gen()
        assert [await anext(texts), await anext(texts)] == ["rain ", "rain "]

    asyncio.run(read_two())
    assert closed.wait(20)
    assert len(threads) == 3
    assert set(threads) == {threads[0]} != {threading.get_ident()}


@pytest.mark.parametrize("adapter", [CorpusRetriever, CorpusQueryEngine, CorpusChatEngine])
def test_a_corpus_must_be_an_open_one(adapter: Callable[[Any], object]) -> None:
    with pytest.raises(ValueError, match=r"Corpus\.open.*got '.pincite'"):
        adapter(".pincite")


@pytest.mark.parametrize("engine", [CorpusQueryEngine, CorpusChatEngine])
def test_an_option_that_ask_does_not_take_is_refused_at_once(
    seeds_corpus: Corpus, engine: Callable[..., Engine]
) -> None:
    with pytest.raises(TypeError, match="topk"):
        engine(seeds_corpus, topk=3)
    with pytest.raises(TypeError, match="history"):
        engine(seeds_corpus, history=())


def test_errors_are_those_of_ask(seeds_corpus: Corpus) -> None:
    for streaming in (False, True):
        with pytest.raises(ValueError, match="the question is empty"):
            str(CorpusQueryEngine(seeds_corpus, streaming=streaming).query(" "))
    engine = CorpusChatEngine(seeds_corpus, where={"colour": "red"})
    with pytest.raises(ValueError, match="unknown field 'colour'"):
        list(engine.stream_chat(BANK).response_gen)
    assert engine.chat_history == []


def test_the_examples_of_the_documentation_print_what_they_say(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "llama-index.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    shutil.copytree(SEEDS, tmp_path / "seeds")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(block, names)
        promised = [line.rstrip("…") for line in re.findall(r"print\(.*\)  # (.*)", block)]
        printed = capsys.readouterr().out.splitlines()
        kept = [line for line in printed if line.startswith(tuple(promised))]
        assert [line[: len(start)] for line, start in zip(kept, promised, strict=True)] == promised
    assert len(blocks) == 4
    names["corpus"].close()
