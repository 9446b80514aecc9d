"""Finds the files that a person means, and names them.

Arguments are files, folders or globs. A folder is walked in sorted order for the formats that can be read;
hidden files and folders are passed over, and so are links that lead out of it and what its ``.gitignore``
files say.
"""

import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from pincite.index.errors import UnsupportedDocument
from pincite.index.formats import SUFFIXES
from pincite.index.formats.process import check_size
from pincite.index.ignoring import IgnoreRules
from pincite.index.location import real_path

_WRITTEN_OUT = re.compile(r"\\u(dc[89a-f][0-9a-f])")


@dataclass(frozen=True, slots=True)
class Found:
    """A file to index, or a reason why a path given by the user leads to none."""

    path: Path
    problem: str = ""

    def content(self) -> bytes:
        """Return the file's bytes. Raises ``UnsupportedDocument`` with the problem, if there is one, or where
        the file is too large to be taken into memory or is no file any more.
        """
        if self.problem:
            raise UnsupportedDocument(self.problem)
        found = self.path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for, for ever
            raise UnsupportedDocument("it was a file when it was found, and is none any more")
        check_size(found.st_size)
        return self.path.read_bytes()


def find_files(
    paths: Iterable[str | Path],
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    *,
    skip: Path | None = None,
) -> list[Found]:
    """Return each file once, in the order of the arguments, whatever names lead to it. A path that leads
    nowhere, or a folder that cannot be read, is returned with its problem.

    ``include`` and ``exclude`` are patterns such as ``*.md`` or ``drafts/*``, held against a file's name and
    its path below the folder. They choose among the files of a folder or glob; a file named outright is
    always taken. Of the folder ``skip``, a corpus's own, no glob and no folder takes anything.
    Raises ValueError where a text stands for the patterns: it would be read as a pattern a letter.
    """
    for name, patterns in (("include", include), ("exclude", exclude)):
        if isinstance(patterns, str):
            raise ValueError(f"{name} must be a sequence of patterns, got the text {patterns!r}")
    choice = _Choice(tuple(include), tuple(exclude), skip)
    found: dict[Path, Found] = {}
    for path in paths:
        for one in _find(str(path), choice):
            found.setdefault(real_path(one.path), one)
    return list(found.values())


def source_name(path: Path, base: Path) -> str:
    """Return a file's source: its POSIX path relative to ``base`` where it is under it, else its absolute
    path. A byte in it that is not Unicode is written out, as in ``caf\\udce9.txt``.
    """
    path, base = real_path(path), real_path(base)
    name = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()
    return name.encode("utf-8", "backslashreplace").decode()


def gone_from(folders: Sequence[Path], sources: Iterable[str], base: Path) -> Iterator[str]:
    """Yield those of ``sources``, named as seen from ``base``, whose file was below one of ``folders`` and is
    certainly gone.
    """
    for source in sources:
        places = {base / source, base / _WRITTEN_OUT.sub(lambda byte: chr(int(byte[1], 16)), source)}
        is_below = any(place.is_relative_to(folder) for place in places for folder in folders)
        if is_below and all(map(is_gone, places)):
            yield source


def is_gone(path: Path) -> bool:
    """Whether there is certainly nothing at ``path``; not when its folder cannot be looked into."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which of a folder's or a glob's files are meant."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    skip: Path | None

    def takes(self, file: Path, folder: Path, *, any_format: bool = False) -> bool:
        below = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.as_posix()

        def fits(patterns: tuple[str, ...]) -> bool:
            return any(fnmatch(file.name, pattern) or fnmatch(below, pattern) for pattern in patterns)

        if fits(self.exclude) or (self.skip and real_path(file).is_relative_to(self.skip)):
            return False
        return fits(self.include) if self.include else any_format or file.suffix.lower() in SUFFIXES


def _find(argument: str, choice: _Choice) -> Iterator[Found]:
    path = Path(os.path.expanduser(argument))  # noqa: PTH111
    try:
        if path.is_dir():
            found = [one for one in _walk(path) if one.problem or choice.takes(one.path, path)]
            yield from found or [Found(path, "no file in it that pincite can read")]
        elif path.is_file():
            yield Found(path)
        elif path.exists():
            yield Found(path, "neither a file nor a folder")
        elif glob.has_magic(argument):
            matches = (Path(match) for match in sorted(glob.iglob(str(path), recursive=True)))
            found = [
                Found(file)
                for file in matches
                if file.is_file() and choice.takes(file, Path(), any_format=True)
            ]
            yield from found or [Found(path, "no file matches this pattern")]
        else:
            yield Found(path, "no such file or folder")
    except OSError as error:
        yield Found(path, error.strerror or str(error))


def _walk(start: Path) -> Iterator[Found]:
    """Yield the files below a folder, in order. Folders may lie in each other deeper than calls may."""
    root = real_path(start)
    pending = [(start, IgnoreRules(), True)]
    while pending:
        path, rules, is_folder = pending.pop()
        if not is_folder:
            if path.is_file():
                yield Found(path)
            continue
        rules = rules.within(path)
        try:
            entries = [(entry, entry.is_dir()) for entry in sorted(path.iterdir(), reverse=True)]
        except OSError as error:
            yield Found(path, error.strerror or str(error))
            continue
        for entry, is_folder in entries:
            is_link = entry.is_symlink()
            if entry.name.startswith(".") or (is_link and not real_path(entry).is_relative_to(root)):
                continue
            if not rules.ignore(entry, is_folder=is_folder):
                pending.append((entry, rules, is_folder and not is_link))
