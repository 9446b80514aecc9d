"""How many cores there are to use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pincite.index import cores
from pincite.index.cores import usable_cores


@pytest.fixture
def quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of eight cores, of which the process may use all; the file that may say otherwise."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(cores, "_QUOTA", tmp_path / "cpu.max")
    return tmp_path / "cpu.max"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("max 100000", 8),
        ("150000 100000", 2),
        ("20000 100000", 1),
        ("9000000 100000", 8),
        ("", 8),
        ("x y", 8),
    ],
)
def test_a_quota_counts_in_whole_cores(quota: Path, content: str, expected: int) -> None:
    quota.write_text(content)
    assert usable_cores() == expected


def test_without_a_quota_all_cores_that_may_be_used_count(
    quota: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert usable_cores() == 8
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


def test_a_forked_process_works_with_threads_of_its_own() -> None:
    script = """
import os
from pincite.index.cores import SideBySide
work = SideBySide(2, "pincite-test")
found = sum(work.map(abs, [-1, 2, -3]))
child = os.fork()
if child == 0:
    os._exit(sum(work.map(abs, [-1, 2, -3])))
print(found, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "6 6\n"
