"""LlamaIndex, both ways: our parts as LlamaIndex's own classes, for a program that is built on it.

``PassageNodeParser`` splits LlamaIndex's documents as a corpus splits files; ``CorpusRetriever``,
``CorpusQueryEngine`` and ``CorpusChatEngine`` are doors to a ``Corpus``. Spans count code points, and every
node's text stands at its span: a parser's in the text of the ``Document``, the others' in
``corpus.text(node.ref_doc_id)``. Metadata are flat: text, numbers and None. Nothing is split, found or
answered here; that is left to ``index.text_passages``, ``Corpus.search`` and ``answering``.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Container, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import asdict
from functools import partial
from inspect import signature
from typing import Any, TypeVar

from llama_index.core import schema
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.base.response import schema as responses
from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.chat_engine import types as chats
from llama_index.core.node_parser.interface import NodeParser
from llama_index.core.node_parser.node_utils import build_nodes_from_splits
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle, TextNode
from llama_index.core.tools.types import ToolOutput
from llama_index.core.utils import get_tqdm_iterable

from pincite.answering import ask, stream
from pincite.answers import Answer, Citation, Turn
from pincite.index.corpus import Corpus
from pincite.index.encoder import DEFAULT_ENCODER, Encoder, load_encoder
from pincite.index.filters import Where
from pincite.index.passages import Passage
from pincite.index.text_passages import cut_text

NOT_ANSWERED = "Not answered by these documents."
"""The text of a response that is no answer, since LlamaIndex shows an empty one as "None"."""

_OF_PASSAGES = ("document_id", "source", "title", "group", "address", "page", "start", "end")
_OF_CITATIONS = ("number", "document_id", "source", "title", "address", "start", "end", "score")
_EMBEDDED, _FOR_LLMS = ("title", "group"), ("title", "address")
_Nodes = Sequence[BaseNode]
_History = list[ChatMessage] | None
_T = TypeVar("_T")
_Told = chats.StreamingAgentChatResponse
_Streamed = responses.StreamingResponse | responses.AsyncStreamingResponse
_ASSISTANTS = (MessageRole.ASSISTANT, MessageRole.CHATBOT, MessageRole.MODEL)


class PassageNodeParser(NodeParser):
    """Splits by group, then into passages of whole points or sentences, a ``TextNode`` each.

    Its metadata are the document's; what else the text states (``title``, ``publisher``, ``date``, front
    matter); and ``group``, ``address`` and ``references``, before which the document's own give way. Title
    and group are embedded where a corpus would. A text without words may give no nodes.
    """

    encoder: str = Field(DEFAULT_ENCODER, description="Counts the tokens, and says how many fit.")
    is_markdown: bool = Field(False, description="Whether the texts are Markdown.")
    _encoder: Encoder | None = PrivateAttr(None)

    def __init__(self, encoder: str | Encoder = DEFAULT_ENCODER, **fields: Any) -> None:
        """``encoder`` is a name, loaded when needed, or an ``Encoder``; a pickled copy has its name only."""
        name = encoder if isinstance(encoder, str) else encoder.identity.name
        super().__init__(**{**fields, "encoder": name})
        self._encoder = None if isinstance(encoder, str) else encoder

    @classmethod
    def class_name(cls) -> str:
        return "PassageNodeParser"

    def _parse_nodes(self, nodes: _Nodes, show_progress: bool = False, **_: Any) -> list[BaseNode]:
        self._encoder = encoder = self._encoder or load_encoder(self.encoder)
        parents = get_tqdm_iterable(nodes, show_progress, "Splitting into passages")
        return [node for parent in parents for node in self._split(parent, encoder)]

    async def _aparse_nodes(self, nodes: _Nodes, show_progress: bool = False, **_: Any) -> list[BaseNode]:
        return await asyncio.to_thread(self._parse_nodes, nodes, show_progress)

    def _postprocess_parsed_nodes(
        self, nodes: list[BaseNode], parent_doc_map: dict[str, schema.Document]
    ) -> list[BaseNode]:
        """Relate the nodes as every parser does, but keep their spans: it would search for the texts."""
        kept = [(one, one.start_char_idx, one.end_char_idx) for one in nodes if isinstance(one, TextNode)]
        nodes = super()._postprocess_parsed_nodes(nodes, parent_doc_map)
        for node, start, end in kept:
            node.start_char_idx, node.end_char_idx = start, end
        return nodes

    def _split(self, parent: BaseNode, encoder: Encoder) -> list[TextNode]:
        text = parent.get_content(metadata_mode=schema.MetadataMode.NONE)
        given = parent.metadata if self.include_metadata else {}
        beside = parent.get_metadata_str(schema.MetadataMode.EMBED) if given else ""
        room = max(encoder.max_tokens - sum(encoder.count_tokens([beside])), encoder.max_tokens // 2)
        names = {field: str(given.get(field) or "") for field in ("file_name", "title")}
        stated, passages = cut_text(text, encoder.count_tokens, room, is_markdown=self.is_markdown, **names)
        stated = {field: value for field, value in {"title": "", **stated}.items() if field not in given}
        # A parent that is a part of the document may know where it begins there.
        origin = 0 if parent.source_node is None else getattr(parent, "start_char_idx", None)
        texts = [text[passage.start : passage.end] for passage in passages]
        nodes = build_nodes_from_splits(texts, parent, id_func=self.id_func)
        for node, passage in zip(nodes, passages, strict=True):
            if origin is not None:
                node.start_char_idx, node.end_char_idx = origin + passage.start, origin + passage.end
            place = {"group": passage.group, "address": passage.address}
            ours = {**stated, **place, "references": ", ".join(passage.references)}
            # What a corpus embeds of these, each once.
            shown = {v: k for k, v in ours.items() if k in _EMBEDDED and str(v).endswith(passage.context)}
            node.metadata = {**given, **ours}
            node.excluded_embed_metadata_keys += _hidden(ours, shown.values())
            node.excluded_llm_metadata_keys += _hidden(ours, _FOR_LLMS)
        return nodes


class CorpusRetriever(BaseRetriever):
    """Retrieves the ``top_k`` best passages of the documents that meet ``where`` (see ``Corpus.search``)."""

    def __init__(self, corpus: Corpus, *, top_k: int = 10, where: Where | None = None) -> None:
        super().__init__()
        self._search = partial(_opened(corpus).search, top_k=top_k, where=where)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = self._search(query_bundle.query_str)
        return [_node(hit.passage, _OF_PASSAGES, hit.passage.text, hit.score) for hit in hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class CorpusQueryEngine(BaseQueryEngine):
    """Answers by ``pincite.ask``. The source nodes are the citations: what they quote, and where.

    ``response.metadata`` has the answer's ``answered``, ``confidence``, ``method``, ``standalone_question``,
    ``notes`` and ``claims``, and as ``passages`` the addresses that were read. Not answered: the text is
    ``NOT_ANSWERED``, and there are no source nodes. A streamed response has both once it has been read.
    """

    def __init__(self, corpus: Corpus, *, streaming: bool = False, **options: Any) -> None:
        """``options`` are ``pincite.ask``'s: ``top_k``, ``where``, ``llm`` and so on."""
        super().__init__(callback_manager=None)
        self._ask, self._stream = _bound(ask, corpus, options), _bound(stream, corpus, options)
        self._streaming = streaming

    def _get_prompt_modules(self) -> dict[str, Any]:
        return {}

    def _query(self, query_bundle: QueryBundle) -> responses.RESPONSE_TYPE:
        if not self._streaming:
            return _response(self._ask(query_bundle.query_str))
        texts = _texts(self._stream(query_bundle.query_str), lambda answer: _complete(response, answer))
        response = responses.StreamingResponse(texts)
        return response

    async def _aquery(self, query_bundle: QueryBundle) -> responses.RESPONSE_TYPE:
        if not self._streaming:
            return _response(await asyncio.to_thread(self._ask, query_bundle.query_str))
        texts = _texts(self._stream(query_bundle.query_str), lambda answer: _complete(response, answer))
        response = responses.AsyncStreamingResponse(_in_one_thread(texts))
        return response


class CorpusChatEngine(chats.BaseChatEngine):
    """Answers as ``CorpusQueryEngine`` does, with its options, each question in the light of those before it.

    ``sources`` holds that engine's ``Response``. A ``chat_history`` given with a question replaces the one
    kept. A streamed question is asked while its response is read, and then joins the history.
    """

    def __init__(self, corpus: Corpus, *, chat_history: Sequence[ChatMessage] = (), **options: Any) -> None:
        self._ask, self._stream = _bound(ask, corpus, options), _bound(stream, corpus, options)
        self._history = list(chat_history)

    def chat(self, message: str, chat_history: _History = None) -> chats.AgentChatResponse:
        return self._said(message, self._ask(message, history=self._turns(chat_history)))

    async def achat(self, message: str, chat_history: _History = None) -> chats.AgentChatResponse:
        turns = self._turns(chat_history)
        return self._said(message, await asyncio.to_thread(self._ask, message, history=turns))

    def stream_chat(self, message: str, chat_history: _History = None) -> _Told:
        response = _Told(is_writing_to_memory=False)
        response.chat_stream = self._told(message, chat_history, response)
        return response

    async def astream_chat(self, message: str, chat_history: _History = None) -> _Told:
        response = _Told(is_writing_to_memory=False)
        response.achat_stream = _in_one_thread(self._told(message, chat_history, response))
        return response

    def reset(self) -> None:
        self._history = []

    @property
    def chat_history(self) -> list[ChatMessage]:
        return list(self._history)

    def _turns(self, chat_history: _History) -> list[Turn]:
        """Take the history given, if any, and return the turns in it."""
        self._history = self._history if chat_history is None else list(chat_history)
        turns: list[Turn] = []
        for message in self._history:
            said = (message.content or "").strip()
            if said and message.role == MessageRole.USER:
                turns.append(Turn(said, ""))
            elif said and said != NOT_ANSWERED and turns and message.role in _ASSISTANTS:
                turns[-1] = Turn(turns[-1].question, said)
        return turns

    def _said(self, message: str, answer: Answer) -> chats.AgentChatResponse:
        """Add a turn to the history; return it as a response, whose source nodes are its source's."""
        response = _response(answer)
        self._history.append(ChatMessage(role=MessageRole.USER, content=message))
        self._history.append(ChatMessage(role=MessageRole.ASSISTANT, content=str(response)))
        source = ToolOutput("pincite", str(response), raw_input={"message": message}, raw_output=response)
        return chats.AgentChatResponse(str(response), [source], metadata=response.metadata)

    def _told(self, message: str, history: _History, response: _Told) -> Generator[ChatResponse, None, None]:
        def finish(answer: Answer) -> None:
            response.sources = self._said(message, answer).sources
            response.set_source_nodes()

        texts = _texts(self._stream(message, history=self._turns(history)), finish)
        said = partial(ChatMessage, role=MessageRole.ASSISTANT)
        return (ChatResponse(message=said(content=text), delta=text) for text in texts)


def _opened(corpus: Corpus) -> Corpus:
    if not isinstance(corpus, Corpus):
        raise ValueError(f"corpus must be an open one, of pincite.Corpus.open(…); got {corpus!r}")
    return corpus


def _bound(call: Callable[..., Any], corpus: Corpus, options: Mapping[str, Any]) -> Callable[..., Any]:
    """Return ``ask`` or ``stream`` for a corpus. Raises TypeError for options that it does not take."""
    signature(call).bind("", _opened(corpus), history=(), **options)
    return partial(call, corpus=corpus, **options)


def _response(answer: Answer) -> responses.Response:
    fields = ("answered", "confidence", "method", "standalone_question", "notes")
    metadata = {field: getattr(answer, field) for field in fields}
    metadata["claims"] = [asdict(claim) for claim in answer.claims]
    metadata["passages"] = [hit.passage.address for hit in answer.passages]
    nodes = [_node(one, _OF_CITATIONS, one.quote, one.score) for one in answer.citations]
    return responses.Response(answer.text if answer.answered else NOT_ANSWERED, nodes, metadata)


def _complete(response: _Streamed, answer: Answer) -> None:
    whole = _response(answer)
    response.source_nodes = whole.source_nodes
    response.metadata = {**(response.metadata or {}), **(whole.metadata or {})}


def _texts(pieces: Iterable[str | Answer], finish: Callable[[Answer], None]) -> Generator[str, None, None]:
    """Yield the text among the pieces, or that there is none, and hand on the answer that ends them."""
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
        else:
            finish(piece)
            yield from () if piece.answered else (NOT_ANSWERED,)


async def _in_one_thread(pieces: Generator[_T, None, None]) -> AsyncGenerator[_T, None]:
    """Yield the pieces, for which one thread waits from the first to the last."""
    thread, context, loop = ThreadPoolExecutor(1), copy_context(), asyncio.get_running_loop()
    try:
        while (
            piece := await loop.run_in_executor(thread, lambda: context.run(next, pieces, None))
        ) is not None:
            yield piece
    finally:
        thread.submit(pieces.close)
        thread.shutdown(wait=False)


def _node(found: Passage | Citation, fields: Sequence[str], text: str, score: float) -> NodeWithScore:
    """Return a span of a stored document as a node, whose id is the same every time."""
    metadata = {field: getattr(found, field) for field in fields}
    metadata["references"] = ", ".join(found.references)
    document = schema.RelatedNodeInfo(node_id=found.document_id, node_type=schema.ObjectType.DOCUMENT)
    node = TextNode(
        id_=f"{found.document_id}:{found.start}-{found.end}",
        text=text,
        start_char_idx=found.start,
        end_char_idx=found.end,
        metadata=metadata,
        excluded_embed_metadata_keys=_hidden(metadata, ("title",)),
        excluded_llm_metadata_keys=_hidden(metadata, _FOR_LLMS),
        relationships={schema.NodeRelationship.SOURCE: document},
    )
    return NodeWithScore(node=node, score=score)


def _hidden(metadata: Mapping[str, object], shown: Container[str]) -> list[str]:
    return [field for field, value in metadata.items() if field not in shown or not value]
