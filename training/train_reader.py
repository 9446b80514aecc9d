"""Learns the extractive reader's weights, ``rag/reader.json``, from SQuAD v1.1 train and CMRC 2018 train.

    python training/train_reader.py DATA    # DATA holds squad/train-v1.1.json.gz and cmrc2018/train.json.gz

Three fits, each a small convex problem, 26 minutes in all on two cores with other work:

    phrase       softmax over a sentence's candidate phrases, on questions with their own sentence
    sentence     logistic regression: does this retrieved sentence hold the answer?
    calibration  logistic regression: does the best sentence hold it? On other articles; every second
                 question has its paragraph taken away, and counts as wrong whatever is found

Retrieval goes through ``Corpus``, as a user's question does. Seeded: the same data and versions give the same
file.
"""

import argparse
import gzip
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pincite.evidence import FEATURES, Evidence, gather
from pincite.index.corpus import Corpus
from pincite.index.document import Span
from pincite.index.sentences import sentence_spans
from pincite.phrases import best_phrase, candidate_spans, features, read_words
from pincite.questions import Question
from pincite.reading import calibration_features

SEED = 20261123
TOP_K = 8
QUESTIONS = 800
ARTICLES = {"english": 40, "chinese": 800}  # an article of CMRC is one paragraph
PHRASE_QUESTIONS = 24_000
HELD_OUT = 0.4


@dataclass(frozen=True, slots=True)
class Example:
    """A question, its paragraph under the article's title, and where the answer stands in that text."""

    question: str
    source: str
    paragraph: str
    start: int
    end: int


def read_squad(path: Path) -> list[list[Example]]:
    """Return the examples of each article; a paragraph's text begins with the article's title, as documents
    do.
    """
    articles = []
    for number, article in enumerate(json.loads(gzip.decompress(path.read_bytes()))["data"]):
        examples = []
        title = article["title"].replace("_", " ") + "\n\n"
        for place, paragraph in enumerate(article["paragraphs"]):
            for qa in paragraph["qas"]:
                answer = qa["answers"][0]
                start = len(title) + answer["answer_start"]
                end = start + len(answer["text"])
                text = title + paragraph["context"]
                if text[start:end] == answer["text"]:
                    examples.append(
                        Example(qa["question"], f"{number:04d}-{place:04d}.txt", text, start, end)
                    )
        articles.append(examples)
    return articles


def fit_phrases(articles: Sequence[Sequence[Example]]) -> dict[str, float]:
    """Return feature weights; prints exact matches and phrases that overlap by half on held-out articles."""
    rng = random.Random(SEED)
    cut = int(len(articles) * 0.9)
    train = [example for article in articles[:cut] for example in article]
    held_out = [example for article in articles[cut:] for example in article]
    vocabulary: dict[str, int] = {}
    rows = [
        row for example in rng.sample(train, PHRASE_QUESTIONS) if (row := _phrase_row(example, vocabulary))
    ]
    seen = np.bincount(np.concatenate([row.candidates[row.gold] for row in rows]), minlength=len(vocabulary))
    weights = _fit_softmax(rows, len(vocabulary)) * (seen >= 5)
    found = {name: round(float(weights[number]), 4) for name, number in vocabulary.items() if weights[number]}
    _report_phrases(rng.sample(held_out, 2000), found)
    return found


@dataclass(frozen=True, slots=True)
class PhraseRow:
    """A sentence's candidate phrases, each as its features' numbers, and which of them is right."""

    candidates: list[NDArray[np.int32]]
    gold: int


def _phrase_row(example: Example, vocabulary: dict[str, int]) -> PhraseRow | None:
    sentence = _sentence_of(example)
    question = Question.of(example.question)
    if sentence is None or question.kind in ("reason", "other"):
        return None
    words = read_words(question, example.paragraph, sentence)
    candidates = list(candidate_spans(words))
    gold = [
        place
        for place, (first, last) in enumerate(candidates)
        if _trimmed(example) == example.paragraph[words[first].start : words[last].end]
        and abs(words[first].start - example.start) <= 4
    ]
    if not gold:
        return None
    numbers = [
        np.array(
            [vocabulary.setdefault(n, len(vocabulary)) for n in features(question, words, *one)],
            dtype=np.int32,
        )
        for one in candidates
    ]
    return PhraseRow(numbers, gold[0])


def _sentence_of(example: Example) -> Span | None:
    return next(
        (s for s in sentence_spans(example.paragraph) if s.start <= example.start and example.end <= s.end),
        None,
    )


def _trimmed(example: Example) -> str:
    text = example.paragraph[example.start : example.end]
    for article in ("the ", "a ", "an ", "The ", "A ", "An "):
        text = text.removeprefix(article)
    return text.strip(" .,;:\"'()")


def _fit_softmax(rows: Sequence[PhraseRow], size: int) -> NDArray[np.float32]:
    torch.manual_seed(SEED)
    bag = torch.nn.EmbeddingBag(size, 1, mode="sum")
    torch.nn.init.zeros_(bag.weight)
    optimizer = torch.optim.Adam(bag.parameters(), lr=0.02)
    for epoch in range(5):
        total = 0.0
        order = random.Random(SEED + epoch).sample(rows, len(rows))
        for start in range(0, len(order), 64):
            batch = order[start : start + 64]
            flat = [one for row in batch for one in row.candidates]
            offsets = np.cumsum([0, *(len(one) for one in flat[:-1])])
            scores = bag(torch.from_numpy(np.concatenate(flat)).long(), torch.from_numpy(offsets)).squeeze(1)
            parts = torch.split(scores, [len(row.candidates) for row in batch])
            losses = [
                torch.logsumexp(part, 0) - part[row.gold] for part, row in zip(parts, batch, strict=True)
            ]
            loss = torch.stack(losses).mean()
            (loss + 1e-5 * bag.weight.square().sum()).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            optimizer.zero_grad()
            total += loss.item() * len(batch)
        print(f"phrase: pass {epoch + 1}, loss {total / len(rows):.3f}", flush=True)
    return np.asarray(bag.weight.detach().numpy()[:, 0], dtype=np.float32)


def _report_phrases(examples: Sequence[Example], weights: dict[str, float]) -> None:
    tried = [(example, _sentence_of(example)) for example in examples]
    outcomes = []
    for example, sentence in tried:
        question = Question.of(example.question)
        if sentence is None or question.kind in ("reason", "other"):
            continue
        phrase = best_phrase(question, example.paragraph, sentence, weights)
        if phrase is not None:
            exact = _trimmed(example) == example.paragraph[phrase.span.start : phrase.span.end]
            outcomes.append((phrase.probability, exact))
    for floor in (0.0, 0.1, 0.15, 0.2, 0.3, 0.5):
        kept = [exact for probability, exact in outcomes if probability >= floor]
        print(f"phrase: probability >= {floor}: {len(kept)} of {len(outcomes)}, exact {np.mean(kept):.3f}")


def measure(
    corpus: Corpus, examples: Sequence[Example], taken_away: bool
) -> Iterator[tuple[Evidence, list[bool]]]:
    """Yield evidence for each question, retrieved as a user's is, and which sentences hold the answer."""
    for place, example in enumerate(examples):
        hits = corpus.search(example.question, top_k=TOP_K + 1)
        if taken_away and place % 2:
            hits = [hit for hit in hits if hit.passage.source.rsplit("/", 1)[-1] != example.source]
        question = Question.of(example.question)
        evidence = gather(question, hits[:TOP_K], corpus.encoder)
        if evidence.sentences:
            yield evidence, [_holds(sentence, example) for sentence in evidence.sentences]
        if place % 500 == 499:
            print(f"  {place + 1} of {len(examples)} questions", flush=True)


def _holds(sentence, example: Example) -> bool:  # type: ignore[no-untyped-def]
    is_own = sentence.hit.passage.source.rsplit("/", 1)[-1] == example.source
    return bool(is_own and sentence.span.start <= example.start and example.end <= sentence.span.end)


def fit_evidence(name: str, articles: Sequence[Sequence[Example]]) -> tuple[dict[str, float], list[float]]:
    """Return sentence and calibration weights; prints how well the best sentence and its confidence do."""
    rng = random.Random(SEED)
    chosen = rng.sample(list(articles), ARTICLES[name])
    cut = int(len(chosen) * (1 - HELD_OUT))
    with tempfile.TemporaryDirectory() as folder:
        corpus = _corpus(Path(folder), [example for article in chosen for example in article])
        train = [example for article in chosen[:cut] for example in article]
        held_out = [example for article in chosen[cut:] for example in article]
        evidence = list(measure(corpus, rng.sample(train, min(QUESTIONS, len(train))), taken_away=False))
        weights = _fit_logistic(
            np.concatenate([one.features for one, _ in evidence]),
            np.concatenate([labels for _, labels in evidence]),
        )
        rows = list(measure(corpus, rng.sample(held_out, min(QUESTIONS, len(held_out))), taken_away=True))
        corpus.close()
    inputs = np.array([calibration_features(one.features @ weights) for one, _ in rows])
    right = np.array([labels[int(np.argmax(one.features @ weights))] for one, labels in rows])
    calibration = _fit_logistic(inputs, right)
    _report_evidence(name, 1 / (1 + np.exp(-(inputs @ calibration))), right)
    for feature, weight in zip(FEATURES, weights, strict=True):
        print(f"  {feature:24} {weight:8.3f}")
    named = {feature: round(float(weight), 4) for feature, weight in zip(FEATURES, weights, strict=True)}
    return named, [round(float(weight), 4) for weight in calibration]


def _corpus(folder: Path, examples: Sequence[Example]) -> Corpus:
    files = folder / "files"
    files.mkdir()
    for example in examples:
        (files / example.source).write_text(example.paragraph, encoding="utf-8")
    corpus = Corpus.open(folder / "corpus")
    failed = [receipt for receipt in corpus.add(files) if receipt.status == "failed"]
    print(f"indexed {corpus.stats().documents} paragraphs, {len(failed)} failed", flush=True)
    return corpus


def _fit_logistic(inputs: NDArray[np.float64], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the weights of a logistic regression with a light ridge, by Newton's method."""
    weights = np.zeros(inputs.shape[1])
    ridge = np.eye(inputs.shape[1])
    for _ in range(30):
        predicted = 1 / (1 + np.exp(-(inputs @ weights)))
        gradient = inputs.T @ (predicted - labels) + weights
        hessian = (inputs * (predicted * (1 - predicted))[:, None]).T @ inputs + ridge
        weights = weights - np.linalg.solve(hessian, gradient)
    return weights


def _report_evidence(name: str, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> None:
    print(f"{name}: best sentence holds the answer, half of the questions unanswerable: {right.mean():.3f}")
    order = np.argsort(-confidence)
    ranks = np.argsort(np.argsort(confidence))
    positives, negatives = right.sum(), (~right).sum()
    auroc = (ranks[right].sum() - positives * (positives - 1) / 2) / (positives * negatives)
    print(f"{name}: AUROC of confidence {auroc:.3f}, Brier {np.mean((confidence - right) ** 2):.3f}")
    for floor in (0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7):
        kept = right[order][confidence[order] >= floor]
        share = kept.mean() if len(kept) else 0.0
        print(f"  confidence >= {floor}: answered {len(kept) / len(right):.3f}, right {share:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--only", choices=("phrase", "english", "chinese"), help="fit one part, keep the others"
    )
    options = parser.parse_args()
    target = Path(__file__).parent.parent / "rag" / "reader.json"
    known = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    result = {"phrase": {}, "sentence": {}, "calibration": {}} | known
    squad = read_squad(options.data / "squad" / "train-v1.1.json.gz")
    if options.only in (None, "phrase"):
        result["phrase"] = fit_phrases(squad)
    for part, script, articles in (
        ("english", "known script", squad),
        ("chinese", "unknown script", read_squad(options.data / "cmrc2018" / "train.json.gz")),
    ):
        if options.only in (None, part):
            result["sentence"][script], result["calibration"][script] = fit_evidence(part, articles)
    target.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
