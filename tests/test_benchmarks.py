"""What benchmarks compute themselves; they are scripts, so a file of theirs is loaded by its path."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    return load("bootstrap")


@pytest.fixture(scope="module")
def testsets() -> ModuleType:
    return load("testsets")


def test_the_bootstrap_interval_is_the_normal_one_where_queries_are_many(bootstrap: ModuleType) -> None:
    random = np.random.default_rng(3)
    theirs = random.random(2_000)
    ours = theirs + random.normal(0.02, 0.3, 2_000)
    found = bootstrap.paired_difference(ours, theirs)
    mean, error = np.mean(ours - theirs), np.std(ours - theirs, ddof=1) / np.sqrt(2_000)
    assert found.mean == pytest.approx(mean)
    assert found.low == pytest.approx(mean - 1.96 * error, abs=error / 10)
    assert found.high == pytest.approx(mean + 1.96 * error, abs=error / 10)


def test_a_difference_is_paired_and_has_a_sign(bootstrap: ModuleType) -> None:
    theirs = np.random.default_rng(3).random(50)
    ahead = bootstrap.paired_difference(theirs + 0.25, theirs)
    assert (ahead.mean, ahead.low, ahead.high) == pytest.approx((0.25, 0.25, 0.25))
    assert ahead.is_certain
    behind = bootstrap.paired_difference(theirs, theirs + 0.25)
    assert behind.high == pytest.approx(-0.25)
    assert not bootstrap.paired_difference(theirs, theirs).is_certain


def test_values_of_other_queries_cannot_be_compared(bootstrap: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"\(3,\) and \(4,\)"):
        bootstrap.paired_difference(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match=r"\(0,\)"):
        bootstrap.paired_difference(np.zeros(0), np.zeros(0))


def test_a_collection_is_read_as_it_was_written(testsets: ModuleType, tmp_path: Path) -> None:
    collection = testsets.TestSet(
        "night-sky",
        {"d1": testsets.Text("Moon", "It is round.\nIt is far."), "d2": testsets.Text("", "太阳很大。")},
        {"q1": "how big is the sun", "q2": "what is round"},
        {"q1": {"d2": 1}, "q2": {"d1": 2, "d2": 1}},
    )
    testsets.write_beir(collection, tmp_path / "night-sky")
    assert testsets.read_beir(tmp_path / "night-sky") == collection
