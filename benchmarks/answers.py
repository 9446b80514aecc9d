"""Measures answers on SQuAD v1.1 dev, through ``Corpus.add`` and ``pincite.ask``, as a user runs them.

    python benchmarks/answers.py DATA    # DATA holds squad/dev-v1.1.json.gz

Every second article is indexed, a file a paragraph. Questions on the indexed articles have an answer there,
or several that are equally good; questions on the others have none, and the right result is "not answered".
No LLM is used. Prints a table and writes it as JSON beside the versions it was measured with.
"""

import argparse
import gzip
import json
import platform
import random
import statistics
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pincite
from pincite.evaluating import evaluate
from pincite.labels import LabelledQuestion
from pincite.risk import auroc

SEED = 7


def read_articles(path: Path) -> list[list[tuple[str, list[LabelledQuestion]]]]:
    """Return each article's paragraphs with their questions."""
    articles = []
    for number, article in enumerate(json.loads(gzip.decompress(path.read_bytes()))["data"]):
        paragraphs = []
        for place, paragraph in enumerate(article["paragraphs"]):
            source = f"{number:03d}-{place:03d}.txt"
            questions = [
                LabelledQuestion(qa["question"], tuple(one["text"] for one in qa["answers"]), source)
                for qa in paragraph["qas"]
            ]
            paragraphs.append((paragraph["context"], questions))
        articles.append(paragraphs)
    return articles


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--questions", type=int, default=500, help="of each of the two kinds")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    options = parser.parse_args()
    articles = read_articles(options.data / "squad" / "dev-v1.1.json.gz")
    indexed, left_out = articles[::2], articles[1::2]
    rng = random.Random(SEED)
    known = rng.sample([q for article in indexed for _, qs in article for q in qs], options.questions)
    unknown = rng.sample([q for article in left_out for _, qs in article for q in qs], options.questions)
    unknown = [replace(one, answerable=False, source="") for one in unknown]

    with tempfile.TemporaryDirectory() as folder, pincite.Corpus.open(Path(folder) / "corpus") as corpus:
        files = Path(folder) / "files"
        files.mkdir()
        for article in indexed:
            for text, questions in article:
                (files / questions[0].source).write_text(text, encoding="utf-8")
        started = time.perf_counter()
        receipts = corpus.add(files)
        indexing = time.perf_counter() - started
        started = time.perf_counter()
        report = evaluate(known + unknown, corpus)
        asking = time.perf_counter() - started
    answered = [one for one in report.outcomes if one.answered and one.answerable]
    passages = sum(receipt.passages for receipt in receipts)
    figures = {
        "questions, answerable": len(known),
        "questions, unanswerable": len(unknown),
        "passages": passages,
        "source among the passages read": report.recall_at_k,
        "answered, of the answerable": report.answered,
        "cited quote holds the answer, of those": report.cited,
        "exact match, of those": statistics.mean(one.exact or 0.0 for one in answered),
        "F1, of those": statistics.mean(one.f1 or 0.0 for one in answered),
        "false answers, of the unanswerable": report.false_answers,
        "AUROC of confidence": auroc(
            [one.confidence for one in report.outcomes if one.answerable],
            [one.confidence for one in report.outcomes if not one.answerable],
        ),
        "AUROC of it, right against wrong": report.auroc,
        "area under risk and coverage (AURC)": report.aurc,
        "passages indexed a second": passages / indexing,
        "seconds a question": asking / len(report.outcomes),
    }
    for name, value in figures.items():
        print(f"{name:<40}{value:.3f}" if isinstance(value, float) else f"{name:<40}{value}")
    if options.out:
        packages = ("pincite", "onnxruntime", "faiss-cpu", "numpy")
        versions = {name: version(name) for name in packages} | {"python": platform.python_version()}
        result = {"figures": figures, "versions": versions, "seed": SEED, "processor": platform.processor()}
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
