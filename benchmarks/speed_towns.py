"""What ``speed_warm.py`` runs in processes of its own: a corpus of ``towns``, and calls timed one by one.

    python speed_towns.py CORPUS --passages 10000                   # makes it, or what is missing of it
    python speed_towns.py CORPUS --passages 10000 --questions 200   # prints milliseconds by stage, as JSON

Each question is about another town, and no two stages share one, so that none finds what another has left
behind; "again" is the same call once more. The first few questions, which load the models, do not count.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from towns import TOWNS_PER_REGION, Fact, build, towns

import pincite
from pincite.reading import Reader

SEED = 7
READ = 8
STAGES = 5
WARMING_UP = 3
ASK = "ask"
AGAIN = ("search for a question", ASK)
WORDS_OF_QUESTIONS = frozenset("a does have how is many of the was when who".split())

Call = Callable[[], object]


def facts(passages: int, count: int) -> list[Fact]:
    """Return so many facts, each of another town. Raises ValueError where there are fewer towns."""
    found = []
    for number in random.Random(SEED).sample(range(passages), count):
        region, place = divmod(number, TOWNS_PER_REGION)
        of_town = towns(region)[place].facts
        found.append(of_town[region % len(of_town)])
    return found


def key_words(question: str) -> str:
    """Return the question without the words that make it one: what a person types who does not ask."""
    words = question.rstrip("?").split()
    return " ".join(word for word in words if word.lower() not in WORDS_OF_QUESTIONS)


def stages(corpus: pincite.Corpus, questions: Sequence[str]) -> dict[str, Call]:
    """Return the ``STAGES`` by name, each with a question of its own; what a stage needs is done before."""
    encoded, typed, searched, read, asked = questions
    return {
        "encode a question": partial(corpus.encoder.encode, [encoded]),
        "search for key words": partial(corpus.search, key_words(typed)),
        "search for a question": partial(corpus.search, searched),
        f"read {READ} passages": partial(Reader().answer, read, corpus.search(read, top_k=READ)),
        ASK: partial(pincite.ask, asked, corpus, top_k=READ),
    }


def measure(corpus: pincite.Corpus, passages: int, questions: int) -> dict[str, object]:
    """Return the milliseconds of each call by stage, and how many answers were right."""
    drawn = facts(passages, STAGES * (WARMING_UP + questions))
    milliseconds: dict[str, list[float]] = {}
    right = 0
    for number in range(WARMING_UP + questions):
        asked = drawn[number * STAGES : (number + 1) * STAGES]
        for name, call in stages(corpus, [fact.question for fact in asked]).items():
            taken, result = timed(call)
            times = {name: taken} | ({f"{name}, again": timed(call)[0]} if name in AGAIN else {})
            if number >= WARMING_UP:
                for stage, one in times.items():
                    milliseconds.setdefault(stage, []).append(one)
                right += isinstance(result, pincite.Answer) and asked[-1].answer in result.text
    return {"milliseconds": milliseconds, "questions": questions, "right": right}


def timed(call: Call) -> tuple[float, object]:
    """Return the milliseconds that a call took, and its result."""
    started = time.perf_counter()
    result = call()
    return (time.perf_counter() - started) * 1e3, result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--passages", type=int, required=True)
    parser.add_argument("--questions", type=int, help="how many each stage has; none: only makes the corpus")
    options = parser.parse_args()
    if options.questions is None:
        build(options.corpus, options.passages)
        return
    with pincite.Corpus.open(options.corpus, create=False) as corpus:
        print(json.dumps(measure(corpus, options.passages, options.questions)))


if __name__ == "__main__":
    main()
