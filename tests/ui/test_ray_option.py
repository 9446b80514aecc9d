"""`pincite index --ray`: its results and nothing else are printed, and the folder it runs in is only read."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from pincite.index.corpus import Corpus
from pincite.index.encoder import Encoder
from pincite.ui.cli import main
from tests.conftest import Run

TRAP = "from pathlib import Path\nPath(__file__).with_suffix('.sprung').touch()\n"


@pytest.fixture
def folder(tmp_path: Path, encoder: Encoder) -> Path:
    """A folder with an empty corpus, a document, and modules under the names of those that pincite needs."""
    Corpus.open(tmp_path / ".pincite", encoder=encoder).close()
    (tmp_path / "mill.md").write_text("# Mill\n\nThe old mill grinds wheat.")
    for name in ("numpy", "onnxruntime", "json", "index", "pincite"):
        (tmp_path / f"{name}.py").write_text(TRAP)
    return tmp_path


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_a_cluster_of_its_own_prints_nothing_and_runs_nothing_of_the_folder(
    pincite: Run, folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")  # as it is for an installed command
    done = pincite("index", "mill.md", "none.txt", "--ray", "local", "--json", cwd=folder)
    assert [(one["source"], one["status"], one["passages"]) for one in json.loads(done.stdout)] == [
        ("mill.md", "added", 1),
        ("none.txt", "failed", 0),
    ]
    assert (done.returncode, done.stderr) == (1, "")
    assert list(folder.glob("*.sprung")) == []
    assert list(home.iterdir()) == []
    with Corpus.open(folder / ".pincite", create=False) as corpus:
        assert corpus.verify() == []


def test_without_ray_the_extra_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find_spec(name: str, *more: Any) -> Any:
        return None if name == "ray" else found(name, *more)

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.argv", ["pincite", "index", "mill.md", "--ray", "auto"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr() == (
        "",
        'pincite: Ray is not installed: run `pip install "pincite[scale]"`\n',
    )
