"""Finds the files that a person means, and names them.

Arguments are files, folders or globs. A folder is walked in sorted order for the formats that can be read;
hidden files and folders are passed over, and so are links that lead out of it.
"""

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from pincite.index.formats import SUFFIXES


@dataclass(frozen=True, slots=True)
class Found:
    """A file to index, or a reason why a path given by the user leads to none."""

    path: Path
    problem: str = ""


def find_files(
    paths: Iterable[str | Path], include: Iterable[str] = (), exclude: Iterable[str] = ()
) -> list[Found]:
    """Return each file once, in the order of the arguments. A path that leads nowhere is returned with its
    problem.

    ``include`` and ``exclude`` are patterns such as ``*.md`` or ``drafts/*``, held against a file's name and
    its path below the folder. They choose among the files of a folder or glob; a file named outright is
    always taken.
    """
    found = [one for path in paths for one in _find(str(path), tuple(include), tuple(exclude))]
    return list({one.path: one for one in reversed(found)}.values())[::-1]


def source_name(path: Path, base: Path) -> str:
    """Return a file's source: its POSIX path relative to ``base`` where it is under it, else its absolute
    path.
    """
    path, base = path.resolve(), base.resolve()
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()


def _find(argument: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> Iterator[Found]:
    path = Path(argument).expanduser()
    if path.is_dir():
        files = [file for file in _walk(path, path.resolve()) if _is_wanted(file, path, include, exclude)]
        yield from map(Found, files) if files else [Found(path, "no file in it that pincite can read")]
    elif path.exists():
        yield Found(path)
    elif glob.has_magic(argument):
        matches = [
            Path(match) for match in sorted(glob.iglob(str(path), recursive=True)) if Path(match).is_file()
        ]
        files = [match for match in matches if _is_wanted(match, Path(), include, exclude, any_format=True)]
        yield from map(Found, files) if files else [Found(path, "no file matches this pattern")]
    else:
        yield Found(path, "no such file or folder")


def _walk(folder: Path, root: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or not entry.resolve().is_relative_to(root):
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _walk(entry, root)
        elif entry.is_file():
            yield entry


def _is_wanted(
    file: Path, folder: Path, include: tuple[str, ...], exclude: tuple[str, ...], *, any_format: bool = False
) -> bool:
    below = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.as_posix()

    def fits(patterns: tuple[str, ...]) -> bool:
        return any(fnmatch(file.name, pattern) or fnmatch(below, pattern) for pattern in patterns)

    if fits(exclude):
        return False
    return fits(include) if include else any_format or file.suffix.lower() in SUFFIXES
