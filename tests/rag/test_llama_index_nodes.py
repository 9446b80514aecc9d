"""The node parser and the retriever inside LlamaIndex's own classes, and their spans in the documents."""

import asyncio
import pickle
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.chat_engine import ContextChatEngine
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.memory import BaseMemory, ChatMemoryBuffer
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import BaseNode, MetadataMode, NodeRelationship, TextNode

from pincite.index.corpus import Corpus
from pincite.index.encoder import DEFAULT_ENCODER, Encoder
from pincite.llama_index import (
    CorpusRetriever,
    PassageNodeParser,
)
from tests.conftest import SEEDS
from tests.fakes import FakeEncoder
from tests.index.texts import grouped_texts, texts
from tests.samples import BANK

OCBC = "Singapore's OCBC Bank"
TEA = "雾岭茶叶合作社成立于1998年。现有社员36户。\n"
LETTERS = "Group 1 - Snow lay. Rain fell [1] - Rain fell [2] Group 2 - Rain fell [2]"
SMALL = FakeEncoder(max_tokens=6)


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
