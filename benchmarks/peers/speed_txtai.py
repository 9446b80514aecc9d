"""txtai: an embeddings database that keeps its texts.

As its documentation advises where texts are to be returned: ``Embeddings(path=…, content=True)``, its
defaults otherwise, which are dense search with FAISS, texts in SQLite, and pooling by its own means.
"""

from pathlib import Path

from speed_trial import Index, Keep, run
from trial import encoder_folder
from txtai import Embeddings


def load() -> Index:
    embeddings = Embeddings(path=encoder_folder(), content=True)

    def index(texts: list[str]) -> Keep:
        embeddings.index(texts)
        return lambda folder: embeddings.save(str(folder))

    return index


def search(folder: Path, question: str) -> str:
    embeddings = Embeddings()
    embeddings.load(str(folder))
    (hit,) = embeddings.search(question, 1)
    return str(hit["text"])


if __name__ == "__main__":
    run(__doc__, load, search)
