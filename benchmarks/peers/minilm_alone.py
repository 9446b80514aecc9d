"""all-MiniLM-L6-v2 by sentence-transformers and an exact inner product: dense search alone.

As its documentation advises for symmetric models: ``encode`` for documents and queries, unit vectors, the
product of all. Default settings: 256 tokens of a document are read, the rest is cut; batches of 32; float32.
Title and text are joined by a space, as BEIR's own evaluation does it.
"""

from collections.abc import Sequence

import numpy as np
from sentence_transformers import SentenceTransformer
from trial import TOP_K, Document, Search, arguments, encoder_folder, run


def main() -> None:
    model = SentenceTransformer(encoder_folder())

    def index(documents: Sequence[Document]) -> dict[str, Search]:
        ids = [document.id for document in documents]
        texts = [f"{document.title} {document.text}".strip() for document in documents]
        vectors = model.encode(texts, normalize_embeddings=True)

        def search(query: str) -> list[str]:
            similarities = vectors @ model.encode(query, normalize_embeddings=True)
            return [ids[place] for place in np.argsort(-similarities, kind="stable")[:TOP_K]]

        return {"minilm": search}

    run(arguments(__doc__).parse_args(), index, ("sentence-transformers", "transformers", "torch", "numpy"))


if __name__ == "__main__":
    main()
