"""The wheel: built, installed into an environment of its own, and used beside a user's own index.py."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import ROOT, SEEDS


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of a copy of this checkout, so that no build folder is left in it."""
    folder = tmp_path_factory.mktemp("build")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        source, target = ROOT / name, folder / "checkout" / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(folder / "checkout"),
    ]
    subprocess.run(command, capture_output=True, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_module_and_nothing_of_the_tests(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    for folder, package in (("rag", "pincite"), ("index", "pincite/index"), ("ui", "pincite/ui")):
        for module in (ROOT / folder).glob("*.py"):
            assert f"{package}/{module.name}" in names
    assert {"pincite/py.typed", "pincite/reader.json", "pincite/reader.md", "pincite/reader.onnx"} <= names
    assert {name.split("/")[0] for name in names} == {"pincite", "pincite-0.1.0.dist-info"}


def test_the_wheel_answers_beside_a_users_own_index_rag_and_ui(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    bin_folder = environment / ("Scripts" if os.name == "nt" else "bin")
    python = bin_folder / "python"
    # The dependencies are this environment's; pincite itself is installed from the wheel.
    packages = Path(
        subprocess.check_output(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
        ).strip()
    )
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--no-index",
        "-q",
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)

    home = tmp_path / "home"
    (home / "ui").mkdir(parents=True)
    for name in ("index.py", "rag.py", "ui/__init__.py"):
        (home / name).write_text("raise SystemExit('the user’s own module was imported')\n", encoding="utf-8")

    def run(*command: str | Path) -> str:
        done = subprocess.run(command, cwd=home, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run(python, "-c", "import pincite; print(pincite.__file__)").startswith(str(packages))
    run(bin_folder / "pincite", "index", SEEDS)
    answer = run(bin_folder / "pincite", "ask", "which bank built 30 internal tools?")
    assert answer.startswith("Singapore's OCBC Bank [1]")
    assert run(python, "-m", "pincite", "ask", "which bank built 30 internal tools?") == answer
