"""Haystack: its in-memory store, written to disk, and its embedders for sentence-transformers.

As its documentation advises for a start without a server: the documents' embedder and ``write_documents``;
to search, a pipeline of the text embedder and the store's retriever. The store's file is its own JSON. (Its
FAISS store asks for NumPy 1 on this Python, which is not the one that the others have.) Defaults otherwise,
batches of 32.
"""

from pathlib import Path

from haystack import Document, Pipeline
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from speed_trial import Index, Keep, run
from trial import encoder_folder

STORE = "store.json"


def load() -> Index:
    embedder = SentenceTransformersDocumentEmbedder(model=encoder_folder(), progress_bar=False)
    embedder.warm_up()

    def index(texts: list[str]) -> Keep:
        store = InMemoryDocumentStore()
        documents = [Document(id=str(number), content=text) for number, text in enumerate(texts)]
        store.write_documents(embedder.run(documents=documents)["documents"])
        return lambda folder: store.save_to_disk(str(folder / STORE))

    return index


def search(folder: Path, question: str) -> str:
    store = InMemoryDocumentStore.load_from_disk(str(folder / STORE))
    pipeline = Pipeline()
    pipeline.add_component(
        "embedder", SentenceTransformersTextEmbedder(model=encoder_folder(), progress_bar=False)
    )
    pipeline.add_component("retriever", InMemoryEmbeddingRetriever(document_store=store, top_k=1))
    pipeline.connect("embedder.embedding", "retriever.query_embedding")
    (document,) = pipeline.run({"embedder": {"text": question}})["retriever"]["documents"]
    return str(document.content)


if __name__ == "__main__":
    run(__doc__, load, search)
