"""bm25s: BM25 alone.

As its README advises: English stop words, the Snowball stemmer for English, and its defaults otherwise
(Lucene's formula, k1 1.5, b 0.75). Title and text are joined by a space, as in its BEIR examples. Documents
without any of the query's terms, with which it fills up its results, are left out.

It has nothing for Chinese, where words are not spaced. ``--terms bigrams`` gives it pairs of neighbouring
characters (Latin words and numbers whole), and ``--terms jieba`` the words that jieba cuts for search; both
without stop words.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import bm25s
import jieba
import Stemmer
from trial import TOP_K, Document, Search, arguments, run

RUN = re.compile(r"[㐀-䶿一-鿿]+|[^\W_㐀-䶿一-鿿]+")


def bigrams(text: str) -> list[str]:
    """Return the pairs of neighbouring Chinese characters, a single one as it is, and other words whole."""
    terms = []
    for piece in RUN.findall(text.lower()):
        is_chinese = piece[0] >= "㐀" and len(piece) > 1
        terms += ["".join(pair) for pair in pairwise(piece)] if is_chinese else [piece]
    return terms


def words(text: str) -> list[str]:
    """Return jieba's words for a search index, without punctuation."""
    return [word for word in jieba.lcut_for_search(text.lower()) if RUN.match(word)]


def terms_by(name: str) -> Callable[[list[str]], list[list[str]]]:
    """Return what turns texts into lists of terms, by its name."""
    if name == "english":
        stemmer = Stemmer.Stemmer("english")
        return lambda texts: bm25s.tokenize(
            texts, stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False
        )
    if name == "jieba":
        jieba.initialize()  # its dictionary is a model, which is not in the time for indexing
    cut = bigrams if name == "bigrams" else words
    return lambda texts: [cut(text) for text in texts]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--terms", choices=("english", "bigrams", "jieba"), default="english")
    options = parser.parse_args()
    terms_of = terms_by(options.terms)
    name = "bm25s" if options.terms == "english" else f"bm25s-{options.terms}"

    def index(documents: Sequence[Document]) -> dict[str, Search]:
        ids = [document.id for document in documents]
        retriever = bm25s.BM25()
        texts = [f"{document.title} {document.text}".strip() for document in documents]
        retriever.index(terms_of(texts), show_progress=False)

        def search(query: str) -> list[str]:
            found = retriever.retrieve(terms_of([query]), k=min(TOP_K, len(ids)), show_progress=False)
            pairs = zip(found.documents[0], found.scores[0], strict=True)
            return [ids[place] for place, score in pairs if score > 0]

        return {name: search}

    run(options, index, ("bm25s", "PyStemmer", "jieba", "numpy"))


if __name__ == "__main__":
    main()
