"""txtai, hybrid: dense vectors and its own BM25, fused.

As its documentation advises: ``Embeddings(path=…, hybrid=True)``, which is BM25 with normalised scores and a
convex combination, half and half. Its defaults otherwise: mean pooling by transformers, up to 512 tokens of
a document (its own reading of the model's folder; sentence-transformers reads 256), FAISS, with lists from
5,000 documents on. Title and text are joined by a full stop, as in its own BEIR benchmark
(examples/benchmarks.py).
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
        return {"txtai-hybrid": lambda query: [id_ for id_, _ in embeddings.search(query, TOP_K)]}

    run(arguments(__doc__).parse_args(), index, ("txtai", "transformers", "torch", "faiss-cpu", "numpy"))


if __name__ == "__main__":
    main()
