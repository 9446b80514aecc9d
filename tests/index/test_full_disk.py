"""A disk that is full is one clear error; nothing is lost, and there is no more to do than to make room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from .full_disk import limit_disk, limit_files
from .zygote import Zygote


def problems(
    forks: Zygote, limit: Callable[..., None], folder: Path, sizes: Iterable[int], *, is_new: bool
) -> list[tuple[int, str]]:
    """What is wrong, for each size: anything but errors of ours that name the place."""
    found = []
    for size in sizes:
        ending = forks.run(limit, folder / str(size), size, is_new)
        if ending.signal or ending.error:
            found.append((size, ending.error or f"died of signal {ending.signal}"))
        found += [(size, message) for message in ending.told if str(folder) not in message]
    return found


def test_a_corpus_is_made_once_its_files_may_grow(forks: Zygote, tmp_path: Path) -> None:
    assert problems(forks, limit_files, tmp_path, range(0, 120_000, 15_011), is_new=True) == []


def test_files_that_may_not_grow_are_one_clear_error_and_lose_nothing(forks: Zygote, tmp_path: Path) -> None:
    assert problems(forks, limit_files, tmp_path, range(0, 400_000, 47_011), is_new=False) == []


def test_a_corpus_is_made_once_there_is_room_on_the_disk(forks_that_mount: Zygote, tmp_path: Path) -> None:
    assert problems(forks_that_mount, limit_disk, tmp_path, range(0, 150_000, 20_480), is_new=True) == []


def test_a_full_disk_is_one_clear_error_and_loses_nothing(forks_that_mount: Zygote, tmp_path: Path) -> None:
    assert problems(forks_that_mount, limit_disk, tmp_path, range(0, 400_000, 53_248), is_new=False) == []
