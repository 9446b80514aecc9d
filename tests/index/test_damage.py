"""A damaged file never crashes a process, never brings up what is not there, and is found by ``verify``."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from .crash_site import VECTORS
from .damage import DATABASE, Damage, damage_database, damage_vectors, make_sound
from .zygote import Ending, Zygote

_BATCH = 200
_HEAD = 4096


@pytest.fixture(scope="module")
def sound(forks: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound") / "c"
    forks.ask(make_sound, folder)
    return folder


def batches(damages: Iterable[Damage]) -> Iterator[list[Damage]]:
    left = iter(damages)
    while batch := list(islice(left, _BATCH)):
        yield batch


def problems(ending: Ending) -> list[str]:
    """What went wrong, each with the damage that was done before it."""
    found, last = [], None
    for piece in ending.told:
        if isinstance(piece, Damage):
            last = piece
        else:
            found.append(f"{last}: {piece}")
    if ending.signal or ending.error:
        found.append(f"{last}: died of signal {ending.signal} {ending.error}")
    return found


def vector_damages(size: int, *, every: int) -> list[Damage]:
    """A flipped bit in ``every``-th byte of the head and in some hundred places after it, and cut files."""
    chosen = random.Random(0)
    places = [*range(0, min(size, _HEAD), every), *chosen.sample(range(_HEAD, size), 400 // every)]
    lengths = [*range(0, 200, every), *chosen.sample(range(size), 200 // every)]
    return [Damage(place, bit=chosen.randrange(8)) for place in places] + [Damage(n) for n in lengths]


def test_a_damaged_vector_file_never_shows_in_a_search(forks: Zygote, sound: Path) -> None:
    damages = vector_damages((sound / VECTORS).stat().st_size, every=1)
    found = [forks.run(damage_vectors, sound, batch, False) for batch in batches(damages)]
    assert [problem for ending in found for problem in problems(ending)] == []


def test_a_damaged_vector_file_is_found_and_mended_by_the_next_change(forks: Zygote, sound: Path) -> None:
    damages = vector_damages((sound / VECTORS).stat().st_size, every=40)
    assert problems(forks.run(damage_vectors, sound, damages, True)) == []


def test_a_damaged_database_gives_no_error_but_ours(forks: Zygote, sound: Path) -> None:
    size = (sound / DATABASE).stat().st_size
    chosen = random.Random(0)
    cut_short = [Damage(chosen.randrange(size)) for _ in range(40)]
    noise = [Damage(chosen.randrange(size), length) for length in (1, 16, 512, 4096) for _ in range(40)]
    head = [Damage(place, 4) for place in range(0, 200, 4)]
    found = [forks.run(damage_database, sound, batch) for batch in batches([*cut_short, *noise, *head])]
    assert [problem for ending in found for problem in problems(ending)] == []
