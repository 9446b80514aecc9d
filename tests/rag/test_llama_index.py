"""The adapters inside LlamaIndex's own classes, and their spans in the documents."""

import asyncio
import json
import pickle
import re
import shutil
import threading
from collections.abc import Callable, Generator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.llms.types import ChatMessage, CompletionResponse, LLMMetadata, MessageRole
from llama_index.core.base.response.schema import AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.chat_engine import ContextChatEngine
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import CustomLLM, MockLLM
from llama_index.core.memory import BaseMemory, ChatMemoryBuffer
from llama_index.core.query_engine import RetrieverQueryEngine, RouterQueryEngine
from llama_index.core.schema import BaseNode, MetadataMode, NodeRelationship, NodeWithScore, TextNode
from llama_index.core.selectors import LLMSingleSelector
from llama_index.core.tools import QueryEngineTool

from pincite.answering import ask, stream
from pincite.answers import Answer, Turn
from pincite.index.corpus import Corpus
from pincite.index.encoder import DEFAULT_ENCODER, Encoder
from pincite.llama_index import (
    NOT_ANSWERED,
    CorpusChatEngine,
    CorpusQueryEngine,
    CorpusRetriever,
    PassageNodeParser,
)
from tests.conftest import ROOT, SEEDS
from tests.fakes import FakeEncoder
from tests.index.texts import grouped_texts, texts
from tests.samples import BANK, UNANSWERABLE

OCBC = "Singapore's OCBC Bank"
TEA = "雾岭茶叶合作社成立于1998年。现有社员36户。\n"
LETTERS = "Group 1 - Snow lay. Rain fell [1] - Rain fell [2] Group 2 - Rain fell [2]"
SMALL = FakeEncoder(max_tokens=6)

Engine = CorpusQueryEngine | CorpusChatEngine
Ask = Callable[..., Any]


def text_nodes(nodes: list[BaseNode]) -> list[TextNode]:
    found = [node for node in nodes if isinstance(node, TextNode)]
    assert len(found) == len(nodes)
    return found


def parsed(document: Document, encoder: Encoder = SMALL, **fields: Any) -> list[TextNode]:
    return text_nodes(PassageNodeParser(encoder, **fields).get_nodes_from_documents([document]))


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


@pytest.fixture
def tea_corpus(tmp_path: Path) -> Iterator[Corpus]:
    """A corpus of one Chinese text, in which each passage stands twice."""
    with Corpus.open(tmp_path / ".pincite", encoder=FakeEncoder(max_tokens=1)) as corpus:
        corpus.add_text(TEA * 2, source="tea.txt", metadata={"title": "茶叶"})
        yield corpus


# The node parser


@given(texts | grouped_texts)
def test_every_node_stands_at_its_span(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()  # LlamaIndex takes no lone surrogates
    document = Document(text=text * 2)
    nodes = parsed(document)
    end = 0
    for node in nodes:
        assert document.text[span(node)] == node.text != ""
        assert span(node).start >= end
        end = span(node).stop
        assert node.ref_doc_id == document.doc_id


def test_passages_that_repeat_keep_their_own_places() -> None:
    document = Document(text=LETTERS)
    nodes = parsed(document, FakeEncoder(max_tokens=4))
    assert [(node.text, span(node).start) for node in nodes] == [
        ("Snow lay. Rain fell", LETTERS.index("Snow")),
        ("Rain fell", LETTERS.index("Rain fell [2]")),
        ("Rain fell", LETTERS.rindex("Rain fell [2]")),
    ]
    assert [node.metadata["address"] for node in nodes] == [
        "Group 1 › point 1",
        "Group 1 › point 2",
        "Group 2 › point 1",
    ]
    assert [node.metadata["references"] for node in nodes] == ["1", "2", "2"]


def test_nodes_are_linked_to_their_document_and_neighbours() -> None:
    document = Document(text=LETTERS)
    other = Document(text="Another. One more sentence of six words.")
    parser = PassageNodeParser(FakeEncoder(max_tokens=4))
    nodes = parser.get_nodes_from_documents([document, other])
    assert [node.ref_doc_id for node in nodes] == [document.doc_id] * 3 + [other.doc_id] * (len(nodes) - 3)
    assert nodes[0].prev_node is None
    assert nodes[2].next_node is None
    for before, after in pairwise(nodes[:3]):
        assert before.next_node is not None
        assert after.prev_node is not None
        assert (before.next_node.node_id, before.next_node.hash) == (after.node_id, after.hash)
        assert after.prev_node.node_id == before.node_id


def test_metadata_say_where_a_passage_stands_and_what_the_text_states() -> None:
    text = "Group 1 - Rain fell [2]\nWeather\nPub·2025-01-02"
    given = {"file_name": "rain.txt", "date": "2024"}
    (node,) = parsed(Document(text=text, metadata=given))
    assert node.metadata == {
        **given,
        "title": "Weather",
        "publisher": "Pub",
        "group": "Group 1",
        "address": "rain.txt › Group 1 › point 1",
        "references": "2",
    }
    (bare,) = parsed(Document(text=text, metadata=given), include_metadata=False)
    assert (bare.metadata["address"], bare.metadata["date"]) == ("Group 1 › point 1", "2025-01-02")
    assert "file_name" not in bare.metadata


def test_what_is_embedded_is_what_a_corpus_embeds() -> None:
    document = Document(text="# Mill\n\nAbout it.\n\n## Wheels\n\nTwo.\n", metadata={"file_name": "mill.md"})
    document.excluded_embed_metadata_keys = ["file_name"]
    about, wheels = parsed(document, FakeEncoder(max_tokens=12), is_markdown=True)
    assert about.get_content(MetadataMode.EMBED) == "group: Mill\n\nAbout it."
    assert wheels.get_content(MetadataMode.EMBED) == "group: Mill › Wheels\n\nTwo."
    assert wheels.get_content(MetadataMode.LLM) == (
        "file_name: mill.md\ntitle: Mill\naddress: mill.md › Mill › Wheels\n\nTwo."
    )
    summary = parsed(Document(text="Group 1 - Rain fell [2]\nWeather\nPub·2025-01-02"))[0]
    assert summary.get_content(MetadataMode.EMBED) == "title: Weather\n\nRain fell"
    chinese = parsed(Document(text="Group 1 - 下雨了 [2]\nWeather\nPub·2025-01-02"))[0]
    assert chinese.get_content(MetadataMode.EMBED) == "下雨了"
    assert document.excluded_embed_metadata_keys == ["file_name"]


def test_metadata_that_are_embedded_too_take_their_room() -> None:
    text = "One two three. Four five six. Seven eight nine."
    encoder = FakeEncoder(max_tokens=9)
    assert len(parsed(Document(text=text), encoder)) == 1
    assert len(parsed(Document(text=text, metadata={"kind": "letter"}), encoder)) == 2
    long = Document(text=text, metadata={"kind": "letter " * 50})
    assert [node.text for node in parsed(long, encoder)] == text.replace(". ", ".|").split("|")
    assert len(parsed(long, encoder, include_metadata=False)) == 1


def test_a_part_of_a_document_is_split_with_spans_in_the_document() -> None:
    document = Document(text="# Weather\n\nRain fell. Snow lay. Rain fell.\n")
    part = TextNode(text="Rain fell. Snow lay. Rain fell.", start_char_idx=11, end_char_idx=42)
    part.relationships[NodeRelationship.SOURCE] = document.as_related_node_info()
    parser = PassageNodeParser(FakeEncoder(max_tokens=2))
    nodes = parser([part])
    assert [document.text[span(node)] for node in nodes] == ["Rain fell.", "Snow lay.", "Rain fell."]
    assert {node.ref_doc_id for node in nodes} == {document.doc_id}
    part.start_char_idx = None
    assert {node.start_char_idx for node in text_nodes(list(parser([part])))} == {None}


def test_a_text_without_words_gives_no_nodes() -> None:
    assert PassageNodeParser(SMALL).get_nodes_from_documents([Document(text=""), Document(text=" \n ")]) == []


def test_an_ingestion_pipeline_runs_it_and_keeps_what_it_made() -> None:
    parser = PassageNodeParser(FakeEncoder(max_tokens=1))
    pipeline = IngestionPipeline(transformations=[parser, MockEmbedding(embed_dim=4)])
    document = Document(text=TEA * 3)
    first = pipeline.run(documents=[document])
    assert [document.text[span(node)] for node in first] == [
        "雾岭茶叶合作社成立于1998年。",
        "现有社员36户。",
    ] * 3
    assert all(len(node.get_embedding()) == 4 for node in first)
    assert [node.node_id for node in pipeline.run(documents=[document])] == [node.node_id for node in first]
    again = asyncio.run(IngestionPipeline(transformations=[parser]).arun(documents=[document]))
    assert [span(node) for node in again] == [span(node) for node in first]


def test_a_vector_index_returns_its_nodes_with_their_spans() -> None:
    document = Document(text=LETTERS)
    parser = PassageNodeParser(SMALL)
    index = VectorStoreIndex.from_documents(
        [document], transformations=[parser], embed_model=MockEmbedding(embed_dim=4)
    )
    nodes = index.as_retriever(similarity_top_k=9).retrieve("rain")
    assert sorted(span(node.node).start for node in nodes) == [span(n).start for n in parser([document])]
    assert all(document.text[span(node.node)] == node.text for node in nodes)


def test_the_encoder_is_the_default_and_loaded_when_it_is_needed(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []

    def load(name: str) -> Encoder:
        loaded.append(name)
        return encoder

    monkeypatch.setattr("pincite.llama_index.load_encoder", load)
    parser = PassageNodeParser()
    assert loaded == []
    document = Document(text=(SEEDS / "open-source-ai-race.txt").read_text(encoding="utf-8"))
    nodes = parser([document])
    assert [node.node_id for node in nodes] != [node.node_id for node in parser([document])]
    assert loaded == [DEFAULT_ENCODER]
    assert [node.metadata["group"] for node in nodes] == [
        f"Group {number}" for number in range(1, len(nodes) + 1)
    ]
    assert all(document.text[span(node)] == node.get_content() for node in nodes)


def test_a_copy_of_a_parser_has_its_settings() -> None:
    parser = PassageNodeParser(FakeEncoder("other"), is_markdown=True, include_prev_next_rel=False)
    plain = parser.to_dict()
    assert (plain["class_name"], plain["encoder"], plain["is_markdown"]) == (
        "PassageNodeParser",
        "other",
        True,
    )
    copy = pickle.loads(pickle.dumps(parser))
    assert (copy.encoder, copy.is_markdown, copy.include_prev_next_rel) == ("other", True, False)


# The retriever


def test_a_node_is_a_passage_of_the_corpus(seeds_corpus: Corpus) -> None:
    retriever = CorpusRetriever(seeds_corpus, top_k=3)
    nodes, hits = retriever.retrieve(BANK), seeds_corpus.search(BANK, top_k=3)
    assert len(nodes) == 3
    for node, hit in zip(nodes, hits, strict=True):
        passage = hit.passage
        assert (node.score, node.text, node.node.ref_doc_id) == (hit.score, passage.text, passage.document_id)
        assert seeds_corpus.text(passage.document_id)[span(node.node)] == node.text
        assert node.metadata == {
            "document_id": passage.document_id,
            "source": passage.source,
            "title": passage.title,
            "group": passage.group,
            "address": passage.address,
            "page": passage.page,
            "start": passage.start,
            "end": passage.end,
            "references": ", ".join(passage.references),
        }
    assert nodes[0].metadata["group"] == "Group 2"
    again = asyncio.run(CorpusRetriever(seeds_corpus, top_k=3).aretrieve(BANK))
    assert [node.node_id for node in again] == [node.node_id for node in nodes]


def test_only_documents_that_meet_the_condition_are_retrieved(seeds_corpus: Corpus) -> None:
    nodes = CorpusRetriever(seeds_corpus, top_k=4, where={"source": "tidal-mill.md"}).retrieve(BANK)
    assert {node.metadata["source"] for node in nodes} == {"seeds/tidal-mill.md"}
    with pytest.raises(ValueError, match="unknown field"):
        CorpusRetriever(seeds_corpus, where={"colour": "red"}).retrieve(BANK)


def test_a_page_is_told(seeds_corpus: Corpus) -> None:
    (node,) = CorpusRetriever(seeds_corpus, top_k=1, where={"source": "observatory-visit.pdf"}).retrieve(
        "visit"
    )
    assert node.metadata["page"] >= 1
    assert f"p. {node.metadata['page']}" in node.metadata["address"]


def test_equal_passages_are_nodes_of_their_own(tea_corpus: Corpus) -> None:
    nodes = CorpusRetriever(tea_corpus).retrieve("雾岭茶叶合作社成立于哪一年？")
    assert len({node.node_id for node in nodes}) == len(nodes) >= 2
    (document,) = tea_corpus.documents()
    stored = tea_corpus.text(document.document_id)
    assert all(stored[span(node.node)] == node.text for node in nodes)
    assert len({node.text for node in nodes}) < len(nodes)


def test_a_query_engine_and_a_chat_engine_of_llama_index_read_its_nodes(seeds_corpus: Corpus) -> None:
    retriever = CorpusRetriever(seeds_corpus, top_k=2)
    response = RetrieverQueryEngine.from_args(retriever, llm=MockLLM()).query(BANK)
    assert [node.metadata["start"] for node in response.source_nodes] == [
        hit.passage.start for hit in seeds_corpus.search(BANK, top_k=2)
    ]
    assert "address: open-source-ai-race.txt › Group 2" in str(response)
    assert "document_id" not in str(response)
    memory: BaseMemory = ChatMemoryBuffer.from_defaults(token_limit=3000)
    engine = ContextChatEngine(retriever, llm=MockLLM(), memory=memory, prefix_messages=[])
    assert OCBC in str(engine.chat(BANK))


# The query engine


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
