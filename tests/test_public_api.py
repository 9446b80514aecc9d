"""The names that other programs build on, and what importing them costs."""

import subprocess
import sys
from pathlib import Path

import pytest

import pincite
from pincite.index.errors import PinciteError

HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "llama_index",
    "gradio",
    "faiss",
    "onnxruntime",
    "pypdfium2",
    "matplotlib",
)
LOADED = "import sys; print([name for name in {heavy!r} if name in sys.modules])"


def test_every_exported_name_is_there_and_sorted() -> None:
    assert pincite.__all__ == sorted(pincite.__all__)
    for name in pincite.__all__:
        assert getattr(pincite, name) is not None
    assert set(pincite.__all__) <= set(dir(pincite))
    with pytest.raises(AttributeError, match="nothing"):
        pincite.nothing  # noqa: B018


def test_every_error_is_exported_and_has_the_one_base() -> None:
    leaves = {
        cls.__name__ for cls in PinciteError.__subclasses__() if cls.__module__ == "pincite.index.errors"
    }
    assert leaves | {"PinciteError"} <= set(pincite.__all__)


def loaded_after(code: str) -> str:
    script = f"{code}\n{LOADED.format(heavy=HEAVY)}"
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize("code", ["import pincite", "import pincite.ui.cli"])
def test_importing_pincite_loads_nothing_heavy(code: str) -> None:
    assert loaded_after(code) == "[]"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom pincite.ui.cli import app\nsys.argv = ['pincite', '--help']\n"
        "try:\n    app()\nexcept SystemExit:\n    pass"
    )
    assert loaded_after(code).splitlines()[-1] == "[]"


def test_a_question_needs_neither_torch_nor_gradio_nor_llama_index(seeds_folder: Path) -> None:
    location = str(seeds_folder / ".pincite")
    code = f"import pincite\nassert pincite.ask('which bank built 30 internal tools?', {location!r}).answered"
    assert loaded_after(code) == "['faiss', 'onnxruntime']"
