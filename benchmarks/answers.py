"""Measures answers without an LLM, through ``Corpus`` and ``pincite.ask`` as a user runs them.

    python benchmarks/answers.py DATA    # DATA holds squad/dev-v1.1.json.gz and cmrc2018/dev.json.gz

open       all 2,067 paragraphs of SQuAD v1.1 dev are indexed, a document each, and questions drawn from them
           are asked. Scores "of all" are of the best answer found, whatever its confidence; "answered" are
           those from the default threshold up. "Right" is as in ``pincite.evaluating``: an F1 of a half or
           more with an accepted answer, or one that holds it
removed    some of the same questions, each while its own paragraph is out of the corpus: the right result is
           "not answered", although the rest of the article is there
cited      the confidence of an LLM's answer that cites the paragraph that answers, against that of one that
           cites the nearest other: what the reader makes of either passage alone
chinese    the same as open on CMRC 2018 dev, 848 paragraphs

Prints a table for each and writes all of it as JSON beside the versions it was measured with. What the span
reader does alone, on the right paragraph, ``training/evaluate_reader.py`` measures.
"""

import argparse
import json
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from testsets import Paragraph, read_paragraphs

import pincite
from pincite.composing import CONFLICT
from pincite.evaluating import LEAST_F1, Report, evaluate
from pincite.labels import LabelledQuestion
from pincite.plotting import draw_report
from pincite.reading import DEFAULT_MIN_CONFIDENCE, Reader
from pincite.risk import auroc, calibration_error, reliability

SEED = 7
LOW = 0.1
Figures = Mapping[str, float | int | None]


@dataclass(frozen=True, slots=True)
class Setting:
    """Paragraphs in a corpus, and the questions drawn from them."""

    corpus: pincite.Corpus
    paragraphs: Mapping[str, Paragraph]
    questions: Sequence[LabelledQuestion]

    @classmethod
    def of(cls, file: Path, count: int, folder: Path) -> "Setting":
        paragraphs = {f"{number:04d}.txt": one for number, one in enumerate(read_paragraphs(file))}
        corpus = pincite.Corpus.open(folder)
        for source, paragraph in paragraphs.items():
            corpus.add_text(paragraph.text, source=source)
        asked = [
            LabelledQuestion(question.text, question.answers, source)
            for source, paragraph in paragraphs.items()
            for question in paragraph.questions
        ]
        return cls(corpus, paragraphs, random.Random(SEED).sample(asked, min(count, len(asked))))


def measure_open(setting: Setting, name: str) -> tuple[Report, Figures]:
    """Ask all questions; the report, and the figures that the docs give."""
    started = time.perf_counter()
    report = evaluate(setting.questions, setting.corpus, progress=telling(name))
    seconds = time.perf_counter() - started
    answered = [one for one in report.outcomes if one.answered]
    right = np.array([bool(one.right) for one in answered])
    alike = np.array([(one.f1 or 0.0) >= LEAST_F1 for one in answered])
    confidences = np.array([one.confidence for one in answered])
    figures = {
        "questions": len(setting.questions),
        "paragraphs": len(setting.paragraphs),
        "own paragraph among the passages read": report.recall_at_k,
        "exact match, of all": statistics.mean(one.exact or 0.0 for one in report.outcomes),
        "F1, of all": statistics.mean(one.f1 or 0.0 for one in report.outcomes),
        "answered": report.answered,
        "exact match, of the answered": statistics.mean(one.exact or 0.0 for one in answered),
        "F1, of the answered": statistics.mean(one.f1 or 0.0 for one in answered),
        "right, of the answered": float(right.mean()),
        "first cited quote holds the answer, of the answered": report.cited,
        "ECE, of the answered": calibration_error(reliability(confidences, right)),
        "Brier score, of the answered": float(np.mean((confidences - right) ** 2)),
        "ECE, if only an F1 of a half or more is right": calibration_error(reliability(confidences, alike)),
        "AUROC, right against wrong": report.auroc,
        "area under risk and coverage (AURC)": report.aurc,
        "said to be answered differently elsewhere": statistics.mean(
            CONFLICT in one.notes for one in answered
        ),
        "seconds a question": seconds / len(setting.questions),
    }
    return report, figures


def measure_removed(setting: Setting, count: int, report: Report) -> Figures:
    """Ask some of the questions again, each without its paragraph, and compare confidences."""
    asked: dict[str, list[LabelledQuestion]] = {}
    for one in setting.questions[:count]:
        asked.setdefault(one.source, []).append(one)
    tell = telling("removed")
    confidences: list[float] = []
    faithful: list[bool] = []
    for source, questions in asked.items():
        setting.corpus.remove(source)
        for one in questions:
            tell(len(confidences), count)
            answer = pincite.ask(one.question, setting.corpus, min_confidence=0.0)
            confidences.append(answer.confidence)
            faithful += [
                setting.corpus.text(cited.document_id)[cited.start : cited.end] == cited.quote
                for cited in answer.citations
            ]
        setting.corpus.add_text(setting.paragraphs[source].text, source=source)
    return {
        "questions": len(confidences),
        "citations": len(faithful),
        "citations that are not the document's own text": faithful.count(False),
        "AUROC, with the paragraph against without": auroc(
            [one.confidence for one in report.outcomes[:count]], confidences
        ),
        "answered": statistics.mean(one >= DEFAULT_MIN_CONFIDENCE for one in confidences),
        "answered, with the paragraph": statistics.mean(one.answered for one in report.outcomes[:count]),
    }


def measure_cited(setting: Setting, count: int) -> Figures:
    """Compare the confidence in answers that cite the right passage and the nearest wrong one."""
    tell, reader = telling("cited"), Reader()
    right, wrong = [], []
    for number, one in enumerate(setting.questions[:count]):
        tell(number, count)
        hits = setting.corpus.search(one.question, top_k=8)
        own = [hit for hit in hits if hit.passage.source == one.source]
        others = [hit for hit in hits if hit.passage.source != one.source]
        right += [reader.answer(one.question, [hit]).confidence for hit in own[:1]]
        wrong += [reader.answer(one.question, [hit]).confidence for hit in others[:1]]
    return {
        "questions": count,
        "AUROC, the right passage against the nearest other": auroc(right, wrong),
        "right passage at 0.5 or more": statistics.mean(one >= DEFAULT_MIN_CONFIDENCE for one in right),
        "nearest other at 0.5 or more": statistics.mean(one >= DEFAULT_MIN_CONFIDENCE for one in wrong),
        "right passage below 0.1": statistics.mean(one < LOW for one in right),
        "nearest other below 0.1": statistics.mean(one < LOW for one in wrong),
    }


def telling(name: str) -> Callable[[int, int], None]:
    """Return what prints a line every 250 questions."""

    def tell(done: int, of: int) -> None:
        if done % 250 == 0:
            print(f"  {name}: {done} of {of} questions", flush=True)

    return tell


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--questions", type=int, default=1000, help="of each open set")
    parser.add_argument("--removed", type=int, default=500, help="of them, asked without their paragraph")
    parser.add_argument("--plot", type=Path, help="where to draw risk, coverage and calibration")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    options = parser.parse_args()
    tables: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting.of(
            options.data / "squad" / "dev-v1.1.json.gz", options.questions, Path(folder) / "english"
        )
        report, tables["open"] = measure_open(setting, "open")
        if options.plot:
            draw_report(report, options.plot)
        tables["removed"] = measure_removed(setting, options.removed, report)
        tables["cited"] = measure_cited(setting, options.removed)
        setting = Setting.of(
            options.data / "cmrc2018" / "dev.json.gz", options.questions, Path(folder) / "chinese"
        )
        _, tables["chinese"] = measure_open(setting, "chinese")
    for name, figures in tables.items():
        print(f"\n{name}")
        for figure, value in figures.items():
            print(f"  {figure:<52}{value:.3f}" if isinstance(value, float) else f"  {figure:<52}{value}")
    if options.out:
        packages = ("pincite", "onnxruntime", "faiss-cpu", "numpy")
        versions = {name: version(name) for name in packages} | {"python": platform.python_version()}
        result = {"figures": tables, "versions": versions, "seed": SEED, "processor": platform.processor()}
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
