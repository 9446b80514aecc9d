"""LlamaIndex: a FAISS vector store and its BM25 retriever, fused by QueryFusionRetriever.

As its documentation advises: the title is metadata, which it puts before the text for both retrievers; nodes
by its default splitter (1,024 tokens, so that most documents are one node); English stop words and stemming.
One query without an LLM (``num_queries=1``), and 100 results of each retriever to fuse, by reciprocal ranks
or by relative scores. A document ranks where its best node does. The encoder reads 256 tokens of a node.

One thing is not as in its FAISS example, which takes ``IndexFlatL2``: the store returns FAISS's distances as
similarities, and the fusion sorts them in descending order, the farthest first. Here it is ``IndexFlatIP``.
"""

from collections.abc import Sequence

import faiss
from llama_index.core import Document as LlamaDocument
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import BaseRetriever, QueryFusionRetriever
from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.retrievers.bm25 import BM25Retriever
from llama_index.vector_stores.faiss import FaissVectorStore
from trial import TOP_K, Document, Search, arguments, encoder_folder, run

DIMENSION = 384
MODES = {
    "llama-index-reciprocal": FUSION_MODES.RECIPROCAL_RANK,
    "llama-index-relative": FUSION_MODES.RELATIVE_SCORE,
}
PACKAGES = (
    "llama-index-core",
    "llama-index-embeddings-huggingface",
    "llama-index-retrievers-bm25",
    "llama-index-vector-stores-faiss",
    "bm25s",
    "sentence-transformers",
    "torch",
    "faiss-cpu",
)


def main() -> None:
    encoder = HuggingFaceEmbedding(model_name=encoder_folder())

    def index(documents: Sequence[Document]) -> dict[str, Search]:
        nodes = SentenceSplitter().get_nodes_from_documents([_document(one) for one in documents])
        storage = StorageContext.from_defaults(
            vector_store=FaissVectorStore(faiss_index=faiss.IndexFlatIP(DIMENSION))
        )
        dense = VectorStoreIndex(nodes, storage_context=storage, embed_model=encoder)
        retrievers = [
            dense.as_retriever(similarity_top_k=TOP_K),
            BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=TOP_K),
        ]
        return {name: _fused(retrievers, mode) for name, mode in MODES.items()}

    run(arguments(__doc__).parse_args(), index, PACKAGES)


def _fused(retrievers: list[BaseRetriever], mode: FUSION_MODES) -> Search:
    retriever = QueryFusionRetriever(
        retrievers,
        llm=MockLLM(),
        mode=mode,
        similarity_top_k=TOP_K,
        num_queries=1,
        use_async=False,
    )
    return lambda query: [hit.node.ref_doc_id for hit in retriever.retrieve(query)]


def _document(document: Document) -> LlamaDocument:
    metadata = {"title": document.title} if document.title else {}
    return LlamaDocument(id_=document.id, text=document.text, metadata=metadata)


if __name__ == "__main__":
    main()
