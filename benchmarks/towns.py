"""Made-up towns that questions can be asked about: a corpus of any size whose answers are known.

A document is a region, a Markdown file with a heading for each of its ten towns: six sentences, one passage.
Names are put together from syllables, no two towns having the same; everything is drawn from the region's own
seed. So any town can be made again, and asked about, without the corpus.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pincite.index.corpus import Corpus

TOWNS_PER_REGION = 10
_SEED = 7
_SYLLABLES = (
    "ba be bo da del dor fen gal gor hal ka kel lan lor mar mel mor na nel or pel ra ren sa sel ta tor ul"
    " va ven"
)
_ENDINGS = "bury dale ford haven holm mere mont stead ton wick"
_FIRST_NAMES = (
    "Ada Bruno Clara Dorian Edith Felix Greta Hugo Irma Jonas Karin Leo Marta Nils Olga Paul Rosa Stefan Thea"
    " Viktor"
)
_TRADES = (
    "glass,paper,cheese,clocks,bricks,rope,salt,wool,pianos,bicycles,lenses,beer,tiles,candles,boats,soap"
)
_BUILDINGS = "lighthouse,town hall,cathedral,library,opera house,railway station,observatory,water tower"
_KEPT = "clocks,maps,ship models,coins,butterflies,violins,letters,globes,fossils,masks"
_PLACES = (
    "in a narrow valley,on a wide plain,on the coast,between two lakes,below a ruined castle,at a mountain"
    " pass"
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A question, and the words that its answer must have."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Town:
    """A town as its region's document tells of it."""

    name: str
    text: str
    facts: tuple[Fact, ...]


def towns(region: int) -> list[Town]:
    """Return the towns of the region with that number."""
    random = np.random.default_rng([_SEED, region])
    first = region * TOWNS_PER_REGION
    return [_town(number, random) for number in range(first, first + TOWNS_PER_REGION)]


def build(folder: Path, passages: int) -> None:
    """Make the corpus in ``folder``, with the default encoder, or what is missing of it."""
    with Corpus.open(folder) as corpus:
        for region in range(-(-passages // TOWNS_PER_REGION)):
            text = "\n".join(f"## {town.name}\n\n{town.text}\n" for town in towns(region))
            receipt = corpus.add_text(f"# Region {region}\n\n{text}", source=f"region-{region:04d}.md")
            assert receipt.passages == TOWNS_PER_REGION, receipt


def _town(number: int, random: np.random.Generator) -> Town:
    def one(words: str, separator: str | None = None) -> str:
        return str(random.choice(words.split(separator)))

    def person() -> str:
        return f"{one(_FIRST_NAMES)} {_name(one(_SYLLABLES) + one(_SYLLABLES) + one('s k n th rd'))}"

    name = _name(_numbered(number) + one(_ENDINGS))
    river, founder, architect, mayor = _name(one(_SYLLABLES) + one(_SYLLABLES)), person(), person(), person()
    trade, building, kept, place = (one(words, ",") for words in (_TRADES, _BUILDINGS, _KEPT, _PLACES))
    founded, built = int(random.integers(1150, 1650)), int(random.integers(1700, 1930))
    people, height, held = (
        int(random.integers(low, high)) for low, high in ((900, 90_000), (18, 140), (40, 9_000))
    )
    text = (
        f"{name} is a town {place}, on the river {river}. "
        f"{founder} founded {name} in {founded}, and its charter was renewed twice after great fires. "
        f"The {building} of {name} was designed by {architect} and opened in {built}; "
        f"it is {height} metres high. "
        f"{name} has {people:,} inhabitants, and most of them have long lived by making {trade}. "
        f"The museum on the market square keeps {held:,} {kept}, the oldest of which came from a shipwreck. "
        f"{mayor} has been mayor of {name} since 2019."
    )
    facts = (
        Fact(f"Who founded {name}?", founder),
        Fact(f"Who designed the {building} of {name}?", architect),
        Fact(f"How many inhabitants does {name} have?", f"{people:,}"),
        Fact(f"Who is the mayor of {name}?", mayor),
        Fact(f"When was the {building} of {name} opened?", str(built)),
    )
    return Town(name, text, facts)


def _numbered(number: int) -> str:
    """Return three syllables that no other number below 27,000 has."""
    syllables = _SYLLABLES.split()
    count = len(syllables)
    return "".join(syllables[number // count**power % count] for power in (0, 1, 2))


def _name(word: str) -> str:
    return word.capitalize()
