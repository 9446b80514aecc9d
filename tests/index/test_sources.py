"""Which files a person's arguments mean, and what those files are called."""

from __future__ import annotations

import os
import re
import subprocess
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from pincite.index.errors import UnsupportedDocument
from pincite.index.location import real_path
from pincite.index.sources import find_files, is_gone, source_name


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a few files of several kinds in it."""
    for name in ("b.md", "a.txt", "sub/c.TXT", "sub/image.png", ".hidden.txt", ".git/d.txt", "sub/新闻.txt"):
        file = tmp_path / "docs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*paths: str | Path, **choice: object) -> list[str]:
    """What is found, relative to the current folder, problems after a colon."""
    found = find_files(paths, **choice)  # type: ignore[arg-type]
    return [one.path.as_posix() + (f": {one.problem}" if one.problem else "") for one in found]


def test_a_folder_gives_its_readable_files_in_sorted_order(home: Path) -> None:
    assert names("docs") == ["docs/a.txt", "docs/b.md", "docs/sub/c.TXT", "docs/sub/新闻.txt"]


def test_what_git_ignores_is_passed_over(home: Path) -> None:
    rules = {
        "docs": ["# comment", "*.TXT", "/b.md", "build/", "!", "keep*", "!keep-this.md", "sub/deep/*", "\\"],
        "docs/sub": ["!c.TXT", "新闻.txt"],
    }
    for name in ("build/x.md", "sub/build/x.md", "sub/b.md", "sub/deep/x.md", "keep.md", "keep-this.md"):
        (home / "docs" / name).parent.mkdir(exist_ok=True)
        (home / "docs" / name).write_text(name)
    for folder, lines in rules.items():
        (home / folder / ".gitignore").write_text("\n".join(lines), encoding="utf-8")
    assert names("docs") == ["docs/a.txt", "docs/keep-this.md", "docs/sub/b.md", "docs/sub/c.TXT"]
    assert names("docs/build", "docs/keep.md") == ["docs/build/x.md", "docs/keep.md"]
    git = subprocess.run(["git", "init", "-q"], cwd=home / "docs", check=False)
    if git.returncode == 0:
        listed = subprocess.run(
            ["git", "-c", "core.quotePath=false", "ls-files", "-oc", "--exclude-standard"],
            cwd=home / "docs",
            check=True,
            capture_output=True,
            encoding="utf-8",
        ).stdout.splitlines()
        visible = sorted(f"docs/{name}" for name in listed if not re.search(r"(^|/)\.|\.png$", name))
        assert visible == names("docs")


@pytest.mark.parametrize("kind", ["pipe", "folder", "endless"])
def test_a_gitignore_that_is_no_file_is_no_rule_and_is_not_waited_for(home: Path, kind: str) -> None:
    rules = Path("docs/sub/.gitignore")
    if kind == "pipe":
        os.mkfifo(rules)
    elif kind == "folder":
        rules.mkdir()
    else:
        rules.symlink_to("/dev/zero")
    assert names("docs/sub") == ["docs/sub/c.TXT", "docs/sub/新闻.txt"]


def test_a_file_beyond_memory_is_refused_before_it_is_read(home: Path) -> None:
    with Path("docs/sparse.txt").open("wb") as sparse:
        sparse.truncate(2 * 10**9)
    tracemalloc.start()
    with pytest.raises(UnsupportedDocument, match="it has 2,000 MB, and more than 512 MB are not read"):
        find_files(["docs/sparse.txt"])[0].content()
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()


@pytest.mark.parametrize("replace", [os.mkfifo, os.mkdir])
def test_what_is_no_file_any_more_when_it_is_read_is_not_waited_for(
    home: Path, replace: Callable[[Path], None]
) -> None:
    (found,) = find_files(["docs/a.txt"])
    found.path.unlink()
    replace(found.path)
    with pytest.raises(UnsupportedDocument, match="was a file when it was found, and is none any more"):
        found.content()
    found.path.rename("elsewhere")
    with pytest.raises(FileNotFoundError):
        found.content()


def test_folders_deeper_than_calls_may_be_are_walked(home: Path) -> None:
    folders = [f"docs{'/d' * depth}" for depth in range(1, 1_101)]
    for folder in folders:
        Path(folder).mkdir()
    end = Path(folders[-1], "end.txt")
    end.write_text("x")
    assert names("docs", include=("a.txt", "end.txt")) == ["docs/a.txt", end.as_posix()]
    end.unlink()
    for folder in reversed(folders):  # pytest clears up by calls
        Path(folder).rmdir()


@pytest.mark.parametrize("name", ["include", "exclude"])
def test_a_text_instead_of_a_sequence_of_patterns_is_refused(home: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a sequence of patterns"):
        names("docs", **{name: "*.md"})


def test_a_file_named_outright_is_taken_whatever_its_ending(home: Path) -> None:
    assert names("docs/sub/image.png", "docs/.hidden.txt", exclude=("*",)) == [
        "docs/sub/image.png",
        "docs/.hidden.txt",
    ]


def test_a_glob_takes_any_ending_but_nothing_hidden(home: Path) -> None:
    assert names("docs/**/*.*") == [
        "docs/a.txt",
        "docs/b.md",
        "docs/sub/c.TXT",
        "docs/sub/image.png",
        "docs/sub/新闻.txt",
    ]
    assert names("docs/*.pdf") == ["docs/*.pdf: no file matches this pattern"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(home: Path) -> None:
    Path("docs/[a].txt").write_text("x")
    assert names("docs/[a].txt") == ["docs/[a].txt"]


def test_include_and_exclude_choose_by_name_and_by_path_below_the_folder(home: Path) -> None:
    assert names("docs", include=("*.png", "b.*")) == ["docs/b.md", "docs/sub/image.png"]
    assert names("docs", exclude=("sub/*", "b.md")) == ["docs/a.txt"]
    assert names("docs", include=("*.txt",), exclude=("a*",)) == ["docs/sub/新闻.txt"]


def test_each_file_is_found_once_where_it_is_first_named(home: Path) -> None:
    absolute = home / "docs" / "a.txt"
    assert names("docs/b.md", "docs", "./docs/../docs/a.txt", absolute, "docs/b.md") == [
        "docs/b.md",
        "docs/a.txt",
        "docs/sub/c.TXT",
        "docs/sub/新闻.txt",
    ]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("nowhere.txt", "no such file or folder"),
        ("~nobody-of-that-name/x", "no such file or folder"),
        ("x" * 300, "File name too long"),
        ("docs/none", "no file in it that pincite can read"),
        ("pipe", "neither a file nor a folder"),
    ],
)
def test_a_path_that_leads_nowhere_is_returned_with_its_problem(home: Path, path: str, problem: str) -> None:
    Path("docs/none").mkdir()
    os.mkfifo("pipe")
    assert names(path) == [f"{path}: {problem}"]


def test_links_inside_the_folder_are_followed_once_and_links_out_of_it_are_not(home: Path) -> None:
    Path("secret.txt").write_text("x")
    Path("docs/alias.txt").symlink_to("a.txt")
    Path("docs/out.txt").symlink_to("../secret.txt")
    Path("docs/up").symlink_to("..")
    Path("docs/again").symlink_to("sub")
    Path("docs/loop.txt").symlink_to("loop.txt")
    Path("docs/broken.txt").symlink_to("gone.txt")
    assert names("docs") == ["docs/a.txt", "docs/b.md", "docs/sub/c.TXT", "docs/sub/新闻.txt"]
    Path("door").symlink_to("docs")
    assert names("door", "docs/loop.txt")[0] == "door/a.txt"


def test_a_link_that_leads_in_a_circle_is_a_problem_of_that_path(home: Path) -> None:
    Path("loop.txt").symlink_to("loop.txt")
    assert names("loop.txt") == ["loop.txt: no such file or folder"]


def test_a_folder_that_cannot_be_read_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing: Callable[[Path], object] = Path.iterdir

    def refuse(folder: Path) -> object:
        if folder.name == "sub":
            raise PermissionError(13, "Permission denied")
        return listing(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert names("docs") == ["docs/a.txt", "docs/b.md", "docs/sub: Permission denied"]


def test_no_folder_and_no_glob_takes_what_is_in_the_corpus_folder(home: Path) -> None:
    Path("docs/corpus").mkdir()
    Path("docs/corpus/inside.txt").write_text("x")
    skip = home / "docs" / "corpus"
    assert "docs/corpus/inside.txt" not in names("docs", "docs/**/*", skip=skip)
    assert names("docs/corpus", skip=skip) == ["docs/corpus: no file in it that pincite can read"]
    assert names("docs/corpus/inside.txt", skip=skip) == ["docs/corpus/inside.txt"]


def test_a_source_is_relative_to_the_base_where_it_can_be(tmp_path: Path) -> None:
    base = tmp_path / "base"
    assert source_name(base / "news" / "a.txt", base) == "news/a.txt"
    assert source_name(base / "x" / ".." / "a.txt", base) == "a.txt"
    assert source_name(tmp_path / "a.txt", base) == (tmp_path / "a.txt").as_posix()
    assert source_name(tmp_path / "based" / "a.txt", base) == (tmp_path / "based" / "a.txt").as_posix()


def test_a_source_keeps_newlines_and_chinese_and_spells_out_stray_bytes(tmp_path: Path) -> None:
    assert source_name(tmp_path / "新闻 1\n2.txt", tmp_path) == "新闻 1\n2.txt"
    assert source_name(tmp_path / os.fsdecode(b"caf\xe9.txt"), tmp_path) == "caf\\udce9.txt"


def test_a_link_goes_by_the_name_of_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("x")
    (tmp_path / "link.txt").symlink_to("real.txt")
    assert source_name(tmp_path / "link.txt", tmp_path) == "real.txt"
    assert real_path(tmp_path / "link.txt") == tmp_path / "real.txt"


def test_only_what_is_certainly_not_there_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert [is_gone(tmp_path / name) for name in ("a.txt", "b.txt", "a.txt/c.txt")] == [False, True, True]

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "lstat", refuse)
    assert not is_gone(tmp_path / "b.txt")
