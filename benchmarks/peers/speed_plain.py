"""all-MiniLM-L6-v2 by sentence-transformers and an exact index of FAISS, put together by hand.

As its documentation advises: ``encode`` with its default batches of 32, float32, unit vectors. The index is
FAISS's own file, the texts beside it are a JSON list.
"""

import json
from pathlib import Path

import faiss
from sentence_transformers import SentenceTransformer
from speed_trial import Index, Keep, run
from trial import encoder_folder

INDEX, TEXTS = "index.faiss", "texts.json"


def load() -> Index:
    model = SentenceTransformer(encoder_folder())

    def index(texts: list[str]) -> Keep:
        vectors = model.encode(texts, normalize_embeddings=True)
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors)

        def keep(folder: Path) -> None:
            faiss.write_index(flat, str(folder / INDEX))
            (folder / TEXTS).write_text(json.dumps(texts), encoding="utf-8")

        return keep

    return index


def search(folder: Path, question: str) -> str:
    flat = faiss.read_index(str(folder / INDEX))
    texts = json.loads((folder / TEXTS).read_text(encoding="utf-8"))
    vector = SentenceTransformer(encoder_folder()).encode([question], normalize_embeddings=True)
    _, places = flat.search(vector, 1)
    return str(texts[places[0][0]])


if __name__ == "__main__":
    run(__doc__, load, search)
