"""txtai, hybrid: dense vectors and its own BM25, fused.

As its documentation advises: ``Embeddings(path=…, hybrid=True)``, which is BM25 with normalised scores and a
convex combination, half and half. Its defaults otherwise: mean pooling by transformers, and up to 512 tokens
of a document (its own reading of the model's folder; sentence-transformers reads 256). Title and text are
joined by a full stop, as in its own BEIR benchmark (examples/benchmarks.py).

Beyond 5,000 documents its default is an inverted file of which a query sees a sixteenth of the lists. In that
benchmark, small collections have so few lists that it sees all. A second run, ``txtai-hybrid-exact``, looks
into all lists where there are any.
"""

from collections.abc import Sequence

from trial import TOP_K, Document, Search, arguments, encoder_folder, run
from txtai import Embeddings


def main() -> None:
    embeddings = Embeddings(path=encoder_folder(), hybrid=True)

    def index(documents: Sequence[Document]) -> dict[str, Search]:
        embeddings.index(
            (document.id, f"{document.title}. {document.text}" if document.title else document.text)
            for document in documents
        )
        has_lists = hasattr(embeddings.ann.backend, "nlist")
        return {"txtai-hybrid": search} | ({"txtai-hybrid-exact": search_all_lists} if has_lists else {})

    def search(query: str) -> list[str]:
        return [id_ for id_, _ in embeddings.search(query, TOP_K)]

    def search_all_lists(query: str) -> list[str]:
        embeddings.ann.config["faiss"] = {"nprobe": embeddings.ann.backend.nlist}
        return search(query)

    run(arguments(__doc__).parse_args(), index, ("txtai", "transformers", "torch", "faiss-cpu", "numpy"))


if __name__ == "__main__":
    main()
