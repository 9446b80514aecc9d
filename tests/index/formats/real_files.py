"""Real files of many formats, which are not part of the repository: see PINCITE_DATA."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDER = Path(os.environ.get("PINCITE_DATA", ROOT / ".." / "shared" / "data")) / "documents"

needs_real_files = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is not here: set PINCITE_DATA")


def real_file(name: str) -> bytes:
    """One of the files; the test is skipped where there is none."""
    file = FOLDER / name
    if not file.is_file():
        pytest.skip(f"{file} is not here: set PINCITE_DATA")
    return file.read_bytes()


def real_files(*suffixes: str) -> list[Path]:
    """The files of some formats; none where they are absent."""
    return sorted(file for suffix in suffixes for file in FOLDER.rglob(f"*.{suffix}"))
