"""Which files of a folder git would ignore, by the ``.gitignore`` files in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

FILE_NAME = ".gitignore"


class IgnoreRules:
    """The rules that hold in a folder: its own, and below those the ones of the folders above it."""

    def __init__(self, rules: Sequence[tuple[Path, "GitIgnoreSpec"]] = ()) -> None:
        self._rules = rules

    def within(self, folder: Path) -> "IgnoreRules":
        """Return the rules that hold in ``folder``, which lies in this one or is where the walk begins."""
        file = folder / FILE_NAME
        try:
            if not file.is_file():  # a pipe of that name would be waited for, for ever
                return self
            lines = file.read_text("utf-8", "replace").splitlines()
        except OSError:
            return self
        return IgnoreRules([(folder, _spec(lines)), *self._rules])

    def ignore(self, path: Path, *, is_folder: bool) -> bool:
        """Whether the last rule that speaks of ``path`` says to ignore it, the innermost file's first."""
        for folder, spec in self._rules:
            said = spec.check_file(path.relative_to(folder).as_posix() + "/" * is_folder).include
            if said is not None:
                return said
        return False


def _spec(lines: Sequence[str]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec

    def is_valid(line: str) -> bool:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:  # git passes over what it cannot understand, too
            return False
        return True

    return GitIgnoreSpec.from_lines(list(filter(is_valid, lines)))
