"""LlamaIndex: a vector index in a FAISS store, and its HuggingFaceEmbedding.

As its documentation advises: ``VectorStoreIndex`` over nodes, persisted with its storage context. The texts
come as nodes, since its splitter would make other texts of the documents than those that are compared here.
Its default batch is ten texts. No LLM takes part.
"""

from pathlib import Path

import faiss
from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.schema import TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.faiss import FaissVectorStore
from speed_trial import Index, Keep, run
from trial import encoder_folder

DIMENSION = 384


def load() -> Index:
    encoder = HuggingFaceEmbedding(model_name=encoder_folder())

    def index(texts: list[str]) -> Keep:
        storage = StorageContext.from_defaults(
            vector_store=FaissVectorStore(faiss_index=faiss.IndexFlatIP(DIMENSION))
        )
        nodes = [TextNode(text=text) for text in texts]
        made = VectorStoreIndex(nodes, storage_context=storage, embed_model=encoder)
        return lambda folder: made.storage_context.persist(str(folder))

    return index


def search(folder: Path, question: str) -> str:
    encoder = HuggingFaceEmbedding(model_name=encoder_folder())
    storage = StorageContext.from_defaults(
        vector_store=FaissVectorStore.from_persist_dir(str(folder)), persist_dir=str(folder)
    )
    index = load_index_from_storage(storage, embed_model=encoder)
    (hit,) = index.as_retriever(similarity_top_k=1).retrieve(question)
    return hit.node.get_content()


if __name__ == "__main__":
    run(__doc__, load, search)
