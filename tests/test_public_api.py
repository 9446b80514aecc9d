"""The names that other programs build on, and what importing them costs."""

import subprocess
import sys
from collections.abc import Sequence
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
    "ray",
)
NOT_FOR_A_QUESTION = (
    *(set(HEAVY) - {"faiss", "onnxruntime"}),
    *("asyncio", "email", "filelock", "httpx", "huggingface_hub", "importlib.metadata", "lxml", "onnx"),
    *("onnxscript", "openai", "pandas", "PIL", "pydantic", "rich", "scipy", "sklearn", "typer", "yaml"),
    *("pincite.bundles", "pincite.generating", "pincite.llm", "pincite.standalone", "pincite.ui"),
    *(
        f"pincite.index.{module}"
        for module in (
            "adding backup formats ingestion locking offers onnx_export page_images quiet ray_cluster"
            " read_ahead reencoding sources splitter spread transformer_encoder verification"
        ).split()
    ),
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


def loaded_after(code: str, names: Sequence[str] = HEAVY) -> str:
    script = f"{code}\n{LOADED.format(heavy=names)}"
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


def test_a_question_loads_nothing_that_it_does_not_need(seeds_folder: Path) -> None:
    location = str(seeds_folder / ".pincite")
    code = f"import pincite\nassert pincite.ask('which bank built 30 internal tools?', {location!r}).answered"
    assert loaded_after(code, NOT_FOR_A_QUESTION) == "[]"


def test_a_command_looks_for_garbage_rarely_and_not_at_its_end() -> None:
    code = (
        "import atexit, gc, sys\nfrom pincite.ui.cli import main\nsys.argv = ['pincite', '--version']\n"
        "atexit.register(lambda: print(gc.get_threshold()[0] >= 50_000, gc.get_freeze_count() > 0))\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True True"
