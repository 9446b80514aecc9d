"""Test collections for retrieval: documents, queries, and which documents are relevant to which query.

Two layouts are read. BEIR's: ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/SPLIT.tsv``, gzipped or not. And
SQuAD's, which CMRC 2018 shares: each paragraph is a document, relevant to the questions asked about it.
"""

import csv
import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Text:
    """A document of a collection; ``title`` may be empty."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a paragraph, with the answers that count as right."""

    id: str
    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph with its questions, as SQuAD has them."""

    text: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class TestSet:
    """A collection under its name; ``relevance`` has for each query its documents with their grades."""

    __test__ = False  # pytest's, not ours to collect

    name: str
    documents: dict[str, Text]
    queries: dict[str, str]
    relevance: dict[str, dict[str, int]]

    def sampled(self, most_queries: int, seed: int) -> "TestSet":
        """Return the collection with at most so many of its queries, chosen by ``seed``."""
        if len(self.queries) <= most_queries:
            return self
        chosen = random.Random(seed).sample(sorted(self.queries), most_queries)
        return TestSet(
            self.name,
            self.documents,
            {query: self.queries[query] for query in chosen},
            {query: self.relevance[query] for query in chosen},
        )


def read_beir(folder: Path, split: str = "test") -> TestSet:
    """Return a collection in BEIR's layout, with the queries that ``split`` judges."""
    documents = {
        row["_id"]: Text(row.get("title", ""), row["text"]) for row in _rows(folder / "corpus.jsonl")
    }
    texts = {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl")}
    relevance: dict[str, dict[str, int]] = {}
    with _open(folder / "qrels" / f"{split}.tsv") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if int(row["score"]) > 0:
                relevance.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    queries = {query: texts[query] for query in relevance}
    return TestSet(folder.name, documents, queries, relevance)


def write_beir(collection: TestSet, folder: Path) -> None:
    """Write a collection in BEIR's layout, its judgements as those of the test split."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    documents = [
        {"_id": id_, "title": document.title, "text": document.text}
        for id_, document in collection.documents.items()
    ]
    queries = [{"_id": id_, "text": text} for id_, text in collection.queries.items()]
    for name, rows in (("corpus", documents), ("queries", queries)):
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    with (folder / "qrels" / "test.tsv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(["query-id", "corpus-id", "score"])
        for query, grades in collection.relevance.items():
            table.writerows([query, document, grade] for document, grade in grades.items())


def read_squad(file: Path, name: str) -> TestSet:
    """Return the paragraphs of a file in SQuAD's layout, and its questions."""
    documents: dict[str, Text] = {}
    queries: dict[str, str] = {}
    relevance: dict[str, dict[str, int]] = {}
    known: dict[str, str] = {}
    for paragraph in read_paragraphs(file):
        document = known.setdefault(paragraph.text, f"p{len(known):05d}")
        documents[document] = Text("", paragraph.text)
        for question in paragraph.questions:
            queries[question.id] = question.text
            relevance[question.id] = {document: 1}
    return TestSet(name, documents, queries, relevance)


def read_paragraphs(file: Path) -> list[Paragraph]:
    """Return the paragraphs of a file in SQuAD's layout in its order."""
    return [
        Paragraph(
            paragraph["context"],
            tuple(
                Question(row["id"], row["question"], tuple(answer["text"] for answer in row["answers"]))
                for row in paragraph["qas"]
            ),
        )
        for article in _json(file)["data"]
        for paragraph in article["paragraphs"]
    ]


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with _open(file) as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def _json(file: Path):  # type: ignore[no-untyped-def]
    with _open(file) as text:
        return json.load(text)


def _open(file: Path):  # type: ignore[no-untyped-def]
    packed = file if file.suffix == ".gz" else file.with_name(f"{file.name}.gz")
    return gzip.open(packed, "rt", encoding="utf-8") if packed.exists() else file.open(encoding="utf-8")
